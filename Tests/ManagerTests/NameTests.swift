import Manager
import Testing

@Suite("Names and settings")
struct NameTests {
    @Test(
        "A runtime's name gives the name of its shim",
        arguments: [
            ("io.containerd.runu.v2", "containerd-shim-runu-v2"), ("io.containerd.runc.v2", "containerd-shim-runc-v2"),
            ("a.b", "containerd-shim-a-b"), ("runc", nil), ("", nil), ("a..b", nil), (".a.b", nil), ("../x.v1", nil),
        ] as [(String, String?)])
    func binaries(runtime: String, binary: String?) { #expect(RuntimeName.binary(runtime) == binary) }

    @Test("A configuration of containerd's is accepted, and what is known of it is used")
    func configuration() throws {
        let file = try ConfigurationFile(
            """
            version = 2
            root = "/r" # here
            state = '/s'
            required_plugins = [
              "a",
            ]
            [grpc]
              address = "/run/a#b.sock"
              uid = 0
            [debug]
              level = "debug"
            [plugins]
              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "overlayfs"
                root = "/not/this"
            """, path: "config.toml")
        #expect(file.root == "/r" && file.state == "/s" && file.address == "/run/a#b.sock" && file.level == "debug")
    }

    @Test("What is no configuration is refused with its line", arguments: ["root", "[grpc", "root = 5", "version = 9"])
    func invalidConfiguration(text: String) {
        #expect { try ConfigurationFile("# a line\n" + text, path: "c.toml") } throws: { "\($0)".contains("c.toml:2") }
    }
}
