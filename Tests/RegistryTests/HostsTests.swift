import RPC
import Registry
import Testing

@Suite struct HostsTests {
    private func hosts(_ text: String, _ domain: String = "docker.io") throws -> [RegistryHost] {
        try HostsFile(text, domain: domain, folder: "/f", path: "/f/hosts.toml").hosts
    }

    @Test func mirrorsComeInTheFilesOrderAndTheServerLast() throws {
        let hosts = try hosts(
            """
            server = "https://registry-1.docker.io"
            [host."https://z.example"]
              capabilities = ["pull", "resolve"]
            [host."http://a.example:5000"]
              skip_verify = true
            [host.'https://m.example/prefix']
              override_path = true
            """)
        #expect(hosts.map(\.authority) == ["z.example", "a.example:5000", "m.example", "registry-1.docker.io"])
        #expect(hosts.map(\.path) == ["/v2", "/v2", "/prefix", "/v2"])
        #expect(hosts[0].capabilities == [.pull, .resolve])
        #expect(hosts[1].scheme == .http)
        #expect(hosts[1].tls.skipsVerification)
        #expect(hosts[3].capabilities == [.pull, .resolve, .push])
    }

    @Test func certificatesAndHeaders() throws {
        let hosts = try hosts(
            """
            [host."https://a.example"]
              ca = ["one.pem", "/two.pem"]
              client = [["c.pem", "k.pem"], "both.pem"]
              [host."https://a.example".header]
                x-one = "1"
                x-two = ["2", "3"]
            """)
        #expect(hosts[0].tls.authorities == ["/f/one.pem", "/two.pem"])
        #expect(
            hosts[0].tls.identities
                == [.init(certificate: "/f/c.pem", key: "/f/k.pem"), .init(certificate: "/f/both.pem")])
        #expect(hosts[0].headers.map(\.value) == ["1", "2", "3"])
        #expect(hosts[1].authority == "registry-1.docker.io")
    }

    @Test(arguments: [
        "server = [", "server = 5", "host = 1", "[host.\"ftp://x\"]", "[host.\"https://x\"]\ncapabilities = [\"fly\"]",
        "[host.\"https://x\"]\nca = 5", "[host.\"https://x\"]\nskip_verify = \"yes\"", "[host.\"https://\"]",
        "[host.\"https://x\"]\nclient = [[\"a\"]]", "[host.\"https://x\"]\nheader = 7",
    ])
    func whatIsWrongNamesTheFile(_ text: String) {
        #expect {
            _ = try hosts(text)
        } throws: { error in
            (error as? RPCError)?.code == .invalidArgument && "\(error)".contains("/f/hosts.toml")
        }
    }

    @Test func onlyThisMachinesAddressesAreLocal() {
        for name in ["localhost", "localhost:5000", "127.0.0.1", "127.9.8.7:1", "[::1]:5000"] {
            #expect(RegistryHost.isLocal(name))
        }
        for name in ["localhost.example", "127.0.0.1.example", "128.0.0.1", "127.0.0", "127.0.0.256", "example:5000"] {
            #expect(!RegistryHost.isLocal(name))
        }
    }

    @Test func standardServers() {
        #expect(RegistryHost.standard("docker.io", plainHTTP: false).authority == "registry-1.docker.io")
        #expect(RegistryHost.standard("example.com", plainHTTP: false).scheme == .https)
        #expect(!RegistryHost.standard("example.com", plainHTTP: false).tls.skipsVerification)
        #expect(RegistryHost.standard("127.0.0.1:5000", plainHTTP: false).scheme == .either)
        #expect(RegistryHost.standard("example.com", plainHTTP: true).scheme == .http)
    }
}
