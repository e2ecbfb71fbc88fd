import AsyncHTTPClient
import FoundationEssentials
import RPC

/// The proxy that requests go through, by the variables that curl, docker and containerd know: `HTTP_PROXY`, `HTTPS_PROXY` and
/// `NO_PROXY`, in capitals or not.
package struct ProxySettings: Sendable, Hashable {
    private var byScheme: [String: String] = [:]
    private var exceptions: [String] = []

    /// Reads the variables.
    package init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            [environment[name], environment[name.lowercased()]].compactMap { $0 }.first { !$0.isEmpty }
        }
        byScheme["http"] = value("HTTP_PROXY")
        byScheme["https"] = value("HTTPS_PROXY")
        exceptions = value("NO_PROXY")?.split(whereSeparator: { $0 == "," || $0 == " " }).map { $0.lowercased() } ?? []
    }

    /// This process' variables.
    static let current = ProxySettings(environment: ProcessInfo.processInfo.environment)

    /// The proxy's URL for a request to `url`; nil when it goes out directly.
    package func proxy(for url: String) -> String? {
        guard let end = url.firstRange(of: "://") else { return nil }
        let authority = url[end.upperBound...].prefix { !"/?#".contains($0) }
        let (host, port) = Self.split(authority.lowercased())
        guard !RegistryHost.isLocal(host.contains(":") ? "[\(host)]" : host) else { return nil }
        guard !exceptions.contains(where: { Self.matches($0, host, port) }) else { return nil }
        return byScheme[String(url[..<end.lowerBound])]
    }

    /// A host name stands for itself and the names below it, `.name` for those below it only; addresses and their blocks for
    /// themselves; all of these with a port, too.
    private static func matches(_ exception: String, _ host: String, _ port: String?) -> Bool {
        if exception == "*" { return true }
        if exception.contains("/") { return contains(exception, host) }
        let (name, wanted) = split(exception)
        if let wanted, wanted != port { return false }
        let plain = name.hasPrefix("*.") ? String(name.dropFirst()) : name
        return plain.hasPrefix(".") ? host.hasSuffix(plain) : host == plain || host.hasSuffix("." + plain)
    }

    /// Whether an IPv4 address lies in the block `block`, such as 10.0.0.0/8.
    private static func contains(_ block: String, _ host: String) -> Bool {
        let parts = block.split(separator: "/")
        guard parts.count == 2, let base = address(String(parts[0])), let bits = UInt32(parts[1]), bits <= 32,
            let address = address(host)
        else { return false }
        return bits == 0 || (base ^ address) >> (32 - bits) == 0
    }

    private static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(UInt32?(0)) { sum, part in part.flatMap { part in sum.map { $0 << 8 | UInt32(part) } } }
    }

    /// Host and port of `host[:port]`; an IPv6 address stands in brackets.
    private static func split(_ authority: String) -> (host: String, port: String?) {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let rest = authority[authority.index(after: end)...]
            return (String(authority[..<end].dropFirst()), rest.hasPrefix(":") ? String(rest.dropFirst()) : nil)
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (authority, nil)
    }

    /// What the HTTP client makes of a proxy's URL; without a scheme it speaks HTTP.
    ///
    /// - Throws: `RPCError` (`invalidArgument`).
    static func client(_ url: String) throws -> HTTPClient.Configuration.Proxy {
        var (scheme, rest) = ("http", url[...])
        if let end = url.firstRange(of: "://") {
            (scheme, rest) = (url[..<end.lowerBound].lowercased(), url[end.upperBound...])
        }
        var authority = rest.prefix { !"/?#".contains($0) }
        var authorization: HTTPClient.Authorization?
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                .map { String($0).removingPercentEncoding ?? String($0) }
            authorization = .basic(username: parts[0], password: parts.count > 1 ? parts[1] : "")
            authority = authority[authority.index(after: at)...]
        }
        let (host, port) = split(String(authority))
        guard !host.isEmpty, port == nil || Int(port!) != nil else {
            throw RPCError(.invalidArgument, "HTTP_PROXY, HTTPS_PROXY: \(authority) is no host")
        }
        switch scheme {
        case "http": return .server(host: host, port: port.flatMap { Int($0) } ?? 80, authorization: authorization)
        case "socks5", "socks5h": return .socksServer(host: host, port: port.flatMap { Int($0) } ?? 1080)
        default:
            throw RPCError(
                .invalidArgument, "HTTP_PROXY, HTTPS_PROXY: \(scheme):// is not supported; http:// and socks5:// are")
        }
    }
}
