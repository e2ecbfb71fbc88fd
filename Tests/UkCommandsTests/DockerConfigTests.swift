import EngineClient
import Glibc
import SystemPackage
import TestSupport
import Testing
import UkCommands

@Suite struct DockerConfigTests {
    @Test(arguments: ["", "a", "ab", "abc", "alice:secret: with colon", "\u{FF}\u{FE}~~~"])
    func base64ComesBack(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Base64.decode(Base64.encode(bytes, isForURLs: true)) == bytes)
    }

    @Test func base64IsThatOfTheRFC() {
        // RFC 4648, 10, and the letters in which the two alphabets differ.
        #expect(Base64.encode("foobar".utf8) == "Zm9vYmFy" && Base64.encode("foob".utf8) == "Zm9vYg==")
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=" && Base64.encode([0xFB, 0xFF], isForURLs: true) == "-_8=")
        #expect(Base64.decode("Zm9vYg") == Array("foob".utf8))
        for text in ["Z", "Zm9v*", "Zm=v"] { #expect(Base64.decode(text) == nil) }
    }

    @Test(
        arguments: [
            ("", "https://index.docker.io/v1/"), ("docker.io", "https://index.docker.io/v1/"),
            ("https://index.docker.io/v1/", "https://index.docker.io/v1/"), ("localhost:5000", "localhost:5000"),
            ("http://example.org/v2/", "example.org"),
        ])
    func registriesHaveOneName(_ given: String, _ name: String) {
        #expect(DockerConfig.server(named: given) == name)
    }

    @Test(
        arguments: [
            ("busybox", "https://index.docker.io/v1/"), ("library/busybox", "https://index.docker.io/v1/"),
            ("localhost/x", "localhost"), ("127.0.0.1:5000/a/b", "127.0.0.1:5000"), ("ghcr.io/a/b", "ghcr.io"),
        ])
    func anImageTellsItsRegistry(_ image: String, _ name: String) {
        #expect(DockerConfig.server(ofImage: image) == name)
    }

    @Test func accountsComeAndGoAndTheRestOfTheFileStays() throws {
        try withFile(#"{"psFormat": "table {{.ID}}", "auths": {"http://example.org": {"auth": "YWxpY2U6c2VjcmV0"}}}"#) {
            path in
            var config = try DockerConfig(path)
            let alice = RegistryAccount(server: "example.org", username: "alice", password: "secret")
            #expect(try config.account(at: "example.org") == alice)
            #expect(try config.account(at: "example.net") == nil)
            let bob = RegistryAccount(server: "localhost:5000", username: "bob", password: "a:b")
            #expect(try config.keep(bob))
            #expect(try DockerConfig(path).account(at: "localhost:5000") == bob)
            try config.forget("example.org")
            #expect(
                try text(path) == """
                    {
                    \t"psFormat": "table {{.ID}}",
                    \t"auths": {
                    \t\t"localhost:5000": {
                    \t\t\t"auth": "Ym9iOmE6Yg=="
                    \t\t}
                    \t}
                    }
                    """)
        }
    }

    @Test func aLinkToTheFileStaysOne() throws {
        try withFile("{}") { path in
            let link = path.removingLastComponent().appending("link.json")
            #expect(symlink(path.string, link.string) == 0)
            var config = try DockerConfig(link)
            _ = try config.keep(RegistryAccount(server: "a.b", username: "x", password: "y"))
            #expect(try DockerConfig(path).account(at: "a.b") != nil)
            var status = stat()
            #expect(lstat(link.string, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        }
    }

    @Test func whatIsNoSettingsFileIsNamed() throws {
        try withFile("[1]") { path in
            let error = #expect(throws: (any Error).self) { try DockerConfig(path) }
            #expect("\(error!)".contains(path.string))
        }
    }

    @Test func theHeaderIsTheAccountInBase64ForURLs() throws {
        let account = RegistryAccount(server: "a.b", username: "alice", password: "\u{3FF}>?")
        let (name, value) = account.header
        #expect(name == "X-Registry-Auth" && !value.contains("+") && !value.contains("/"))
        #expect(try JSONParser.parse(Base64.decode(value)!) == account.body)
    }

    private func withFile(_ text: String, _ body: (FilePath) throws -> Void) throws {
        let folder = ScratchFolder()
        let path = folder.path.appending("config.json")
        let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
        try withExtendedLifetime(folder) { try body(path) }
    }

    private func text(_ path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            try String(unsafeUninitializedCapacity: 4096) { buffer in
                try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }
}
