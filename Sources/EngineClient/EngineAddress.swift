import Host
import SystemPackage

/// Where an engine listens.
public enum EngineAddress: Sendable, Equatable, CustomStringConvertible {
    case unix(FilePath)
    case tcp(host: String, port: Int)

    /// The address in `DOCKER_HOST`'s form (`unix:///path`, `tcp://host:port`, or a path alone).
    ///
    /// - Throws: `EngineError.badAddress` for any other form.
    public init(_ text: String) throws {
        if text.hasPrefix("/") {
            self = .unix(FilePath(text))
        } else if text.hasPrefix("unix://"), text.count > 7 {
            self = .unix(FilePath(String(text.dropFirst(7))))
        } else if text.hasPrefix("tcp://") {
            let rest = text.dropFirst(6).prefix { $0 != "/" }
            let colon = rest.lastIndex(of: ":")
            let host = colon.map { String(rest[..<$0]) } ?? String(rest)
            let port = colon.map { Int(rest[rest.index(after: $0)...]) } ?? 2375
            guard let port, !host.isEmpty else { throw EngineError.badAddress(text) }
            self = .tcp(host: host, port: port)
        } else {
            throw EngineError.badAddress(text)
        }
    }

    /// `DOCKER_HOST`, else the calling user's own engine.
    ///
    /// - Throws: `EngineError.badAddress` when `DOCKER_HOST` is set to something that is no address.
    public static func current() throws -> EngineAddress {
        if let text = environment("DOCKER_HOST") { return try EngineAddress(text) }
        return .unix(Folders.current.engineSocket)
    }

    /// The address in `DOCKER_HOST`'s form.
    public var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .tcp(let host, let port): "tcp://\(host):\(port)"
        }
    }
}
