import Glibc
import Host
import RPC
import SystemPackage

/// How registries are reached: where their `hosts.toml` are, who asks, and what the command line says.
public struct RegistrySettings: Sendable {
    /// Folders with a folder for each registry; the first that has one counts.
    public var folders: [String]
    /// HTTP without TLS.
    public var plainHTTP = false
    /// Takes any certificate.
    public var skipsVerification = false
    /// Further authorities (PEM files).
    public var authorities: [String] = []
    /// A client's certificate.
    public var identity: TLSSettings.Identity?
    /// Who asks.
    public var credentials: Credentials?

    /// The folders of the calling user and of containerd and docker.
    public init(folders: [String]? = nil, credentials: Credentials? = nil) {
        self.folders =
            folders
            ?? [
                Folders.current.configuration.appending("certs.d").string, "/etc/containerd/certs.d",
                "/etc/docker/certs.d",
            ]
        self.credentials = credentials
    }

    /// The servers to ask for images of `domain`, in order.
    ///
    /// - Throws: `RPCError` (`invalidArgument`) for a `hosts.toml` that cannot be read.
    package func hosts(of domain: String) throws -> [RegistryHost] {
        var hosts = try configured(domain) ?? [.standard(domain, plainHTTP: plainHTTP)]
        for index in hosts.indices {
            if plainHTTP { hosts[index].scheme = .http }
            if skipsVerification { hosts[index].tls.skipsVerification = true }
            if !authorities.isEmpty {
                hosts[index].tls.authorities += authorities
                hosts[index].tls.skipsVerification = skipsVerification
                // Whoever names an authority wants TLS.
                if hosts[index].scheme == .either { hosts[index].scheme = .https }
            }
            if let identity { hosts[index].tls.identities.append(identity) }
        }
        return hosts
    }

    private func configured(_ domain: String) throws -> [RegistryHost]? {
        var names = [domain]
        if let colon = domain.lastIndex(of: ":") {
            // For file systems that take no colon.
            names = [domain, "\(domain[..<colon])_\(domain[domain.index(after: colon)...])_"]
        }
        for folder in folders {
            for name in names + ["_default"] {
                let place = folder + "/" + name
                guard let entries = try? Folders.names(in: FilePath(place)) else { continue }
                if entries.contains("hosts.toml") {
                    let path = place + "/hosts.toml"
                    return try HostsFile(Self.text(path), domain: domain, folder: place, path: path).hosts
                }
                if let host = Self.certificates(in: place, entries, domain: domain) { return [host] }
            }
        }
        return nil
    }

    /// docker's form: a folder with `*.crt`, `*.cert` and `*.key` only.
    private static func certificates(in folder: String, _ entries: [String], domain: String) -> RegistryHost? {
        var host = RegistryHost.standard(domain, plainHTTP: false)
        for entry in entries.sorted() {
            if entry.hasSuffix(".crt") { host.tls.authorities.append(folder + "/" + entry) }
            if entry.hasSuffix(".cert") {
                let key = entry.dropLast(5) + ".key"
                host.tls.identities.append(
                    .init(
                        certificate: folder + "/" + entry,
                        key: entries.contains(String(key)) ? folder + "/" + key : nil))
            }
        }
        guard !host.tls.authorities.isEmpty || !host.tls.identities.isEmpty else { return nil }
        host.scheme = .https
        host.tls.skipsVerification = false
        return host
    }

    private static func text(_ path: String) throws -> String {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            let bytes = try file.closeAfter { try file.readAll(limit: 1 << 20 + 1) }
            guard bytes.count <= 1 << 20 else { throw RPCError(.invalidArgument, "\(path) is larger than 1 MiB") }
            return String(decoding: bytes, as: UTF8.self)
        } catch let error as Errno {
            throw RPCError(.invalidArgument, "\(path): \(error)")
        }
    }
}
