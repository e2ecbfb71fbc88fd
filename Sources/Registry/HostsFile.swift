import RPC
import Settings
import TOMLKit

/// A `hosts.toml`: the mirrors of a registry and how each is reached (containerd, docs/hosts.md).
package struct HostsFile {
    /// In the order in which they are tried; the registry itself comes last.
    package var hosts: [RegistryHost]

    /// Reads a file's text.
    ///
    /// - Parameters:
    ///   - domain: the registry that the file is about.
    ///   - folder: where the file is: relative paths in it start here.
    /// - Throws: `RPCError` (`invalidArgument`), which names the file and what is wrong.
    package init(_ text: String, domain: String, folder: String, path: String) throws {
        let root: TOMLTable
        do {
            root = try TOMLText.parse(text, file: path)
        } catch {
            throw RPCError(.invalidArgument, "\(error)")
        }
        func wrong(_ key: String, _ expected: String) -> RPCError {
            RPCError(.invalidArgument, "\(path): \(key): expected \(expected)")
        }

        var order: [(name: String, table: TOMLTable)] = []
        if let value = root["host"] {
            guard let table = value.table else { throw wrong("host", "a table") }
            for key in Self.order(of: table.keys, in: text) {
                guard let entry = table[key]?.table else { throw wrong("host.\"\(key)\"", "a table") }
                order.append((key, entry))
            }
        }
        hosts = try order.map { try Self.host($0.name, $0.table, folder: folder, wrong: wrong) }
        if let value = root["server"] {
            guard let name = value.string else { throw wrong("server", "a string") }
            hosts.append(try Self.host(name, root, folder: folder, wrong: wrong))
        } else {
            var own = RegistryHost.standard(domain, plainHTTP: false)
            try Self.apply(root, to: &own, folder: folder, wrong: wrong)
            hosts.append(own)
        }
    }

    /// The file's order decides, which a table does not keep.
    private static func order(of keys: [String], in text: String) -> [String] {
        func place(_ key: String) -> Int {
            for quote in ["\"", "'"] {
                if let range = text.firstRange(of: quote + key + quote) {
                    return text.distance(from: text.startIndex, to: range.lowerBound)
                }
            }
            return .max
        }
        return keys.map { ($0, place($0)) }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private static func host(
        _ name: String, _ table: TOMLTable, folder: String, wrong: (String, String) -> RPCError
    ) throws -> RegistryHost {
        var rest = name[...]
        var scheme: RegistryHost.Scheme?
        if let range = rest.firstRange(of: "://") {
            switch rest[..<range.lowerBound] {
            case "http": scheme = .http
            case "https": scheme = .https
            default: throw wrong(name, "http:// or https://")
            }
            rest = rest[range.upperBound...]
        }
        let authority = String(rest.prefix { $0 != "/" })
        var path = String(rest.dropFirst(authority.count))
        guard !authority.isEmpty else { throw wrong(name, "a host") }
        var host = RegistryHost(
            scheme: scheme ?? (RegistryHost.isLocal(authority) ? .either : .https), authority: authority)
        while path.hasSuffix("/") { path.removeLast() }
        let overrides = table["override_path"]?.bool ?? false
        host.path = overrides || path.hasSuffix("/v2") ? path : path + "/v2"
        try apply(table, to: &host, folder: folder, wrong: wrong)
        return host
    }

    private static func apply(
        _ table: TOMLTable, to host: inout RegistryHost, folder: String, wrong: (String, String) -> RPCError
    ) throws {
        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : folder + "/" + path }
        func strings(_ value: any TOMLValueConvertible, _ key: String) throws -> [String] {
            if let text = value.string { return [text] }
            guard let array = value.array else { throw wrong(key, "a string or a list of strings") }
            return try array.map {
                guard let text = $0.string else { throw wrong(key, "strings") }
                return text
            }
        }

        if let value = table["capabilities"] {
            host.capabilities = Set(
                try strings(value, "capabilities").map {
                    guard let capability = RegistryHost.Capability(rawValue: $0) else {
                        throw wrong("capabilities", "pull, resolve or push")
                    }
                    return capability
                })
        }
        if let value = table["skip_verify"] {
            guard let flag = value.bool else { throw wrong("skip_verify", "true or false") }
            host.tls.skipsVerification = flag
        }
        if let value = table["ca"] {
            host.tls.authorities = try strings(value, "ca").map(absolute)
            if table["skip_verify"] == nil { host.tls.skipsVerification = false }
        }
        if let value = table["client"] {
            if let text = value.string {
                host.tls.identities = [.init(certificate: absolute(text))]
            } else {
                guard let array = value.array else { throw wrong("client", "a string or a list") }
                host.tls.identities = try array.map {
                    if let text = $0.string { return .init(certificate: absolute(text)) }
                    let pair = try strings($0, "client")
                    guard pair.count == 2 else { throw wrong("client", "pairs of certificate and key") }
                    return .init(certificate: absolute(pair[0]), key: absolute(pair[1]))
                }
            }
        }
        if let value = table["header"] {
            guard let headers = value.table else { throw wrong("header", "a table") }
            for name in headers.keys.sorted() {
                guard let value = headers[name] else { continue }
                for text in try strings(value, "header.\(name)") { host.headers.append((name, text)) }
            }
        }
    }
}
