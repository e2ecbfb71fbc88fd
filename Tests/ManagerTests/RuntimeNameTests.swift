import Manager
import Testing

@Suite("Names of runtimes")
struct RuntimeNameTests {
    @Test(
        "A runtime's name gives the name of its shim",
        arguments: [
            ("io.containerd.runu.v2", "containerd-shim-runu-v2"), ("io.containerd.runc.v2", "containerd-shim-runc-v2"),
            ("a.b", "containerd-shim-a-b"), ("runc", nil), ("", nil), ("a..b", nil), (".a.b", nil), ("../x.v1", nil),
        ] as [(String, String?)])
    func binaries(runtime: String, binary: String?) { #expect(RuntimeName.binary(runtime) == binary) }
}
