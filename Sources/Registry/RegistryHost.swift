/// A server that holds images: a registry itself, or a mirror of one.
public struct RegistryHost: Sendable, Hashable {
    /// How a server is talked to.
    public enum Scheme: Sendable, Hashable {
        case http, https
        /// A server of this machine: whichever of the two it speaks.
        case either
    }

    /// What a server may be used for (containerd, docs/hosts.md).
    public enum Capability: String, Sendable, Hashable, CaseIterable {
        case pull, resolve, push
    }

    /// HTTP or HTTPS.
    public var scheme: Scheme
    /// `host[:port]`.
    public var authority: String
    /// The path under which the API is, such as `/v2`.
    public var path = "/v2"
    /// What it may be used for.
    public var capabilities = Set(Capability.allCases)
    /// Sent with every request.
    public var headers: [(name: String, value: String)] {
        get { headerList.map { ($0[0], $0[1]) } }
        set { headerList = newValue.map { [$0.name, $0.value] } }
    }
    private var headerList: [[String]] = []
    /// Certificates and what is verified.
    public var tls = TLSSettings()

    /// A server with all capabilities.
    public init(scheme: Scheme, authority: String) {
        self.scheme = scheme
        self.authority = authority
    }

    /// Whether the name is this machine's own: `localhost`, 127.0.0.0/8, `::1`.
    package static func isLocal(_ authority: String) -> Bool {
        if authority.hasPrefix("[::1]") { return true }
        let name = authority.prefix { $0 != ":" }
        if name == "localhost" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The server that a registry's name means without any configuration.
    package static func standard(_ domain: String, plainHTTP: Bool) -> RegistryHost {
        let authority = domain == "docker.io" ? "registry-1.docker.io" : domain
        let local = isLocal(authority)
        var host = RegistryHost(scheme: plainHTTP ? .http : local ? .either : .https, authority: authority)
        // Nobody can listen in on this machine's own addresses; docker trusts them as well.
        if local { host.tls.skipsVerification = true }
        return host
    }
}

/// How a server's certificate is checked, and the client's own.
public struct TLSSettings: Sendable, Hashable {
    /// Files with further authorities (PEM).
    public var authorities: [String] = []
    /// Files with a client's certificate and its key (PEM).
    public var identities: [Identity] = []
    /// Takes any certificate.
    public var skipsVerification = false

    /// A client's certificate.
    public struct Identity: Sendable, Hashable {
        /// The certificate's file.
        public var certificate: String
        /// The key's file; the certificate's when nil.
        public var key: String?

        /// Two files, or one.
        public init(certificate: String, key: String? = nil) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The system's authorities.
    public init() {}
}
