import Registry

/// hosts.toml.
enum HostsTarget: FuzzTarget {
    static let name = "hosts-toml"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        _ = try? HostsFile(
            String(decoding: bytes, as: UTF8.self), domain: "registry.example", folder: "/f", path: "/f/hosts.toml")
    }
}
