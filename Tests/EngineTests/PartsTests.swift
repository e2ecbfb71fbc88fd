import EngineTestSupport
import Engine
import EngineAPI
import OCISpec
import SystemPackage
import Testing

@Suite struct PartsTests {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:44::/srv:/bin/sh\n"
    let group = "root:x:0:\nweb:x:44:\nextra:x:50:web,other\n"

    @Test func usersAreFoundByNameAndNumber() throws {
        let lookup = UserLookup(passwd: passwd, group: group)
        let web = try lookup.resolve("web")
        #expect((web.uid, web.gid) == (33, 44))
        #expect(web.additionalGids == [44, 50])
        let numeric = try lookup.resolve("7:9")
        #expect((numeric.uid, numeric.gid) == (7, 9))
        #expect(try lookup.resolve("33").gid == 44)
        #expect(try lookup.resolve("web:extra").gid == 50)
        #expect(try lookup.resolve("").uid == 0)
        #expect(throws: EngineError(400, "unable to find user nobody: no matching entries in passwd file")) {
            try lookup.resolve("nobody")
        }
    }

    @Test func theRootIsTheUnionOfItsLayers() throws {
        let scratch = Scratch()
        func write(_ path: String, _ text: String) throws {
            let path = FilePath(scratch.path + "/" + path)
            try Shell.run("mkdir -p \(path.removingLastComponent())")
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        }
        try write("low/etc/passwd", "low")
        try write("low/etc/gone", "x")
        try write("low/deep/file", "hidden")
        try write("up/etc/.wh.gone", "")
        try write("up/deep/.wh..wh..opq", "")
        try write("low/real/name", "linked")
        try Shell.run("ln -s /real \(scratch.path)/up/link; ln -s ../../../../etc/hostname \(scratch.path)/up/out")
        let root = RootView([
            ManagedMount(
                type: "overlay", source: "overlay",
                options: ["lowerdir=\(scratch.path)/low", "upperdir=\(scratch.path)/up", "workdir=\(scratch.path)/w"])
        ])
        #expect(root.text("/etc/passwd") == "low")
        #expect(root.text("/etc/gone") == nil)
        #expect(root.text("/deep/file") == nil)
        #expect(root.text("/link/name") == "linked")
        #expect(root.text("/out") == nil)
    }

    @Test func signalsHaveNamesAndNumbers() throws {
        #expect(try Signals.number("SIGTERM") == 15)
        #expect(try Signals.number("kill") == 9)
        #expect(try Signals.number("10") == 10)
        #expect(try Signals.number("RTMIN+3") == 37)
        #expect(throws: EngineError(400, "invalid signal: FOO")) { try Signals.number("FOO") }
        #expect(throws: EngineError.self) { try Signals.number("65") }
    }

    @Test func spansOfTimeReadAsDockersDo() {
        #expect(StatusText.duration(seconds: 0) == "Less than a second")
        #expect(StatusText.duration(seconds: 59) == "59 seconds")
        #expect(StatusText.duration(seconds: 61) == "About a minute")
        #expect(StatusText.duration(seconds: 3700) == "About an hour")
        #expect(StatusText.duration(seconds: 3 * 86400) == "3 days")
        #expect(StatusText.duration(seconds: 15 * 86400) == "2 weeks")
    }

    @Test func laterVariablesWinAndANameAloneRemoves() {
        #expect(SpecBuilder.merge(["A=1", "B=2"], ["A=3", "B", "C=4"]) == ["A=3", "C=4"])
        #expect(SpecBuilder.merge(["AB=1"], ["A=2"]) == ["AB=1", "A=2"])
    }

    @Test func namesAndIdentifiersHaveTheirForm() {
        #expect(NameGenerator.make(attempt: 0).split(separator: "_").count == 2)
        let id = NameGenerator.identifier()
        #expect(id.count == 64)
        #expect(id.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(NameGenerator.uuid().split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
    }

    @Test func changesAreDockerfileLines() throws {
        let config = try ImageChanges.apply(
            [#"CMD ["a","b"]"#, "ENTRYPOINT run me", #"ENV A=1 B="two words""#, "EXPOSE 80 53/udp", "WORKDIR /w"],
            to: ImageConfiguration.Config())
        #expect(config.cmd == ["a", "b"])
        #expect(config.entrypoint == ["/bin/sh", "-c", "run me"])
        #expect(config.env == ["A=1", "B=two words"])
        #expect(config.exposedPorts.map { Set($0.keys) } == ["80/tcp", "53/udp"])
        #expect(throws: EngineError.self) { try ImageChanges.apply(["RUN x"], to: ImageConfiguration.Config()) }
    }

    @Test func patternsStopAtSlashes() {
        #expect(Glob.matches("busy*", "busybox"))
        #expect(!Glob.matches("a*", "a/b"))
        #expect(Glob.matches("a/?:*", "a/b:latest"))
    }
}
