import Crypto
import EngineAPI

/// The networks that are always there: `bridge`, `host`, `none`.
enum BuiltInNetworks {
    static let names = ["bridge", "host", "none"]

    /// A network's id: the same on every run.
    static func id(_ name: String) -> String {
        SHA256.hash(data: Array("ukontainer network \(name)".utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
    }

    static func network(_ name: String) -> Network {
        var network = Network()
        network.name = name
        network.id = id(name)
        network.created = Timestamp(seconds: 0).description
        network.scope = "local"
        network.driver = name == "none" ? "null" : name
        network.enableIPv4 = true
        network.ipam.driver = "default"
        return network
    }
}
