import Manager

/// config.toml.
enum ConfigurationTarget: FuzzTarget {
    static let name = "config-toml"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        _ = try? ConfigurationFile(String(decoding: bytes, as: UTF8.self), path: "config.toml")
    }
}
