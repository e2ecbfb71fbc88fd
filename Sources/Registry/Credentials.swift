import FoundationEssentials

/// How a registry knows who asks.
public struct Credentials: Sendable, Hashable {
    /// The account's name; empty when there is only a token.
    public var user: String
    /// The password, or a personal access token.
    public var password: String
    /// A refresh token of a token server (docker calls it identity token).
    public var identityToken: String?
    /// A bearer token to be sent as it is.
    public var registryToken: String?

    /// Name and password.
    public init(user: String, password: String, identityToken: String? = nil, registryToken: String? = nil) {
        self.user = user
        self.password = password
        self.identityToken = identityToken
        self.registryToken = registryToken
    }

    /// `user[:password]`, as command lines have it.
    public init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(user: String(parts[0]), password: parts.count > 1 ? String(parts[1]) : "")
    }

    /// The value of an `Authorization` header by RFC 7617.
    package var basic: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }
    /// Whether there is a name and password.
    var isBasic: Bool { !user.isEmpty && !password.isEmpty }
}
