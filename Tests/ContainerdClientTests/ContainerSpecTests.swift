import ContainerdClient
import OCISpec
import RPC
import SwiftProtobuf
import Testing

@Suite struct ContainerSpecTests {
    private let users = UserFiles(
        passwd: "root:x:0:0::/root:/bin/sh\nwww:x:33:34::/:/bin/sh\n",
        group: "root:x:0:\nweb:x:34:\nlog:x:40:www,root\n")

    @Test func usersAreFoundByNameAndNumber() throws {
        #expect(try users.resolve("") == .init(uid: 0, gid: 0, additionalGids: [40]))
        #expect(try users.resolve("www") == .init(uid: 33, gid: 34, additionalGids: [40]))
        #expect(try users.resolve("33") == .init(uid: 33, gid: 34))
        #expect(try users.resolve("7") == .init(uid: 7, gid: 0))
        #expect(try users.resolve("7:web") == .init(uid: 7, gid: 34))
        #expect(try users.resolve("www:5") == .init(uid: 33, gid: 5))
        #expect(throws: RPCError.self) { try users.resolve("nobody") }
        #expect(throws: RPCError.self) { try users.resolve("www:nobody") }
    }

    @Test func theCommandLineGoesOverTheImage() throws {
        let image = ImageConfiguration.Config(
            user: "www", env: ["PATH=/bin", "A=1", "B=2"], entrypoint: ["/entry"], cmd: ["x"], workingDir: "/srv")
        var options = ContainerSpecOptions()
        var spec = try options.spec(id: "c", namespace: "n", configuration: image, users: users)
        #expect(spec.process?.args == ["/entry", "x"] && spec.process?.cwd == "/srv" && spec.process?.user?.uid == 33)
        #expect(spec.linux?.cgroupsPath == "/n/c")
        options.arguments = ["sh"]
        options.environment = ["A=3", "B"]
        options.user = "0:5"
        options.hostNetwork = true
        spec = try options.spec(id: "c", namespace: "n", configuration: image, users: users)
        #expect(spec.process?.args == ["sh"])
        #expect(spec.process?.env == ["PATH=/bin", "A=3"])
        #expect(spec.process?.user?.gid == 5)
        #expect(spec.linux?.namespaces?.contains { $0.type == "network" } == false)
        options.arguments = []
        #expect(throws: RPCError.self) { try options.spec(id: "c", namespace: "n", configuration: nil) }
    }

    @Test func chainsOfLayersAreNamedAsTheSpecificationSays() {
        #expect(chainID([]) == "")
        #expect(chainID(["sha256:a"]) == "sha256:a")
        #expect(chainID(["sha256:a", "sha256:b"]) == sha256(Array("sha256:a sha256:b".utf8)))
        #expect(sha256([]) == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func timesReadAsGoWritesThem() {
        #expect(Google_Protobuf_Timestamp(seconds: 1_700_000_000).rfc3339 == "2023-11-14T22:13:20Z")
        #expect(Google_Protobuf_Timestamp(seconds: 0, nanos: 120_000_000).rfc3339 == "1970-01-01T00:00:00.12Z")
    }
}
