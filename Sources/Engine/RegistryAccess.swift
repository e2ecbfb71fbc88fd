import Registry

/// What a client sends along so that a registry knows it: the `X-Registry-Auth` header and the body of `POST /auth`
/// (Docker Engine API, "Authentication").
public struct RegistryAccess: Codable, Sendable, Equatable {
    /// The account.
    public var username: String?
    /// Its password.
    public var password: String?
    /// The registry, such as `127.0.0.1:5000` or `https://index.docker.io/v1/`.
    public var serveraddress: String?
    /// A refresh token.
    public var identitytoken: String?
    /// A bearer token.
    public var registrytoken: String?

    /// Nobody.
    public init() {}

    /// nil when there is nothing to prove with.
    var credentials: Credentials? {
        let credentials = Credentials(
            user: username ?? "", password: password ?? "", identityToken: identitytoken.nonEmpty,
            registryToken: registrytoken.nonEmpty)
        let isEmpty =
            credentials.user.isEmpty && credentials.identityToken == nil && credentials.registryToken == nil
        return isEmpty ? nil : credentials
    }

    /// The registry's name as images have it.
    var domain: String {
        var text = (serveraddress ?? "")[...]
        if let range = text.firstRange(of: "://") { text = text[range.upperBound...] }
        let host = String(text.prefix { $0 != "/" })
        return ["", "index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self?.isEmpty == false ? self : nil }
}
