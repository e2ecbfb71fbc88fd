import EngineClient
import Testing
import UkCommands

@Suite struct CommandLineTests {
    private func normalised(_ line: String) -> [String] {
        let commands: Set<String> = ["run", "ps", "exec", "images", "inspect", "stop", "logs"]
        return ArgumentNormaliser(line.split(separator: " ").map(String.init), commands: commands).arguments
    }

    @Test func clusteredFlagsAreTakenApartAndMayEndWithAnOption() {
        #expect(normalised("run -itw /src img") == ["run", "-i", "-t", "-w=/src", "img"])
        #expect(normalised("run -eA=1 -e=B=2 img") == ["run", "-e=A=1", "-e=B=2", "img"])
        #expect(normalised("ps -aqf name=x") == ["ps", "-a", "-q", "-f=name=x"])
    }

    @Test func whatFollowsTheImageIsLeftAlone() {
        #expect(
            normalised("run --rm --name x img -it --rm=false -h") == [
                "run", "--rm", "--name=x", "img", "-it", "--rm=false", "-h",
            ])
        #expect(normalised("exec -it c ls -la") == ["exec", "-i", "-t", "c", "ls", "-la"])
        #expect(normalised("run -- img -x") == ["run", "--", "img", "-x"])
    }

    @Test func aFlagMayHaveAValue() {
        #expect(
            normalised("run --rm=true --tty=false -t=false --sig-proxy=false img") == [
                "run", "--rm", "--no-sig-proxy", "img",
            ])
    }

    @Test func groupsOfCommandsAreTheCommands() {
        #expect(normalised("container ls -a") == ["ps", "-a"])
        #expect(normalised("image ls") == ["images"])
        #expect(normalised("image inspect x") == ["inspect", "--type", "image", "x"])
        #expect(normalised("container run img") == ["run", "img"])
        #expect(normalised("system prune -af") == ["system-prune", "-a", "-f"])
    }

    @Test func theEnginesAddressStandsBeforeTheCommand() {
        let line = ArgumentNormaliser(["-H", "unix:///x", "ps"], commands: ["ps"])
        #expect(line.host == "unix:///x")
        #expect(line.arguments == ["ps"])
        #expect(ArgumentNormaliser(["nope"], commands: ["ps"]).unknownCommand == "nope")
    }

    @Test func aNegativeValueIsAValue() {
        #expect(normalised("stop -t -1 c") == ["stop", "-t=-1", "c"])
        #expect(normalised("run --pids-limit -1 img") == ["run", "--pids-limit=-1", "img"])
    }

    @Test func portsAreThoseOfDocker() throws {
        let (exposed, bindings) = try PublishedPorts.parse(
            ["8080:80", "127.0.0.1:53:53/udp", "[::1]:9:9", "1000-1001:70-71", "6"], expose: ["5"])
        #expect(exposed.members.map(\.name) == ["5/tcp", "80/tcp", "53/udp", "9/tcp", "70/tcp", "71/tcp", "6/tcp"])
        #expect(bindings["53/udp"]?.compactText == #"[{"HostIp":"127.0.0.1","HostPort":"53"}]"#)
        #expect(bindings["9/tcp"]?.compactText == #"[{"HostIp":"::1","HostPort":"9"}]"#)
        #expect(bindings["71/tcp"]?.compactText == #"[{"HostIp":"","HostPort":"1001"}]"#)
        #expect(bindings["6/tcp"]?.compactText == #"[{"HostIp":"","HostPort":""}]"#)
        for bad in ["x", "1:2:3:4", "80/foo", "70000", "1-2:3-5", "2-1"] {
            #expect(throws: (any Error).self) { try PublishedPorts.parse([bad], expose: []) }
        }
    }
}
