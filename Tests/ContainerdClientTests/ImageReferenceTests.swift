import ContainerdClient
import RPC
import Testing

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("me/app", "docker.io/me/app:latest", "me/app:latest"),
        ("index.docker.io/me/app", "docker.io/me/app:latest", "me/app:latest"),
        ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
        ("localhost:5000/a/b:v1", "localhost:5000/a/b:v1", "localhost:5000/a/b:v1"),
        ("quay.io/a__b/c-d.e:V_1", "quay.io/a__b/c-d.e:V_1", "quay.io/a__b/c-d.e:V_1"),
    ])
    func namesAreCompletedAsDockerDoes(text: String, full: String, familiar: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == full)
        #expect(reference.familiar == familiar)
    }

    @Test func aDigestStandsInForTheTag() throws {
        let digest = "sha256:" + String(repeating: "0a", count: 32)
        #expect(try ImageReference("busybox@\(digest)").description == "docker.io/library/busybox@\(digest)")
        #expect(try ImageReference("busybox:1@\(digest)").tag == "1")
    }

    @Test(arguments: [
        "", ":", "a:", "A", "Busybox", "a//b", "/a", "a/", "-a", "a-", "a___b", "a..b", "a b", "a:b:c", "a@sha256:0",
        "a:" + String(repeating: "t", count: 129), "host:port/a", String(repeating: "a", count: 256),
    ])
    func whatIsNoNameIsRefused(text: String) {
        let error = #expect(throws: RPCError.self) { try ImageReference(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("invalid reference format") == true)
    }
}
