import EngineClient

/// An account at a registry: what config.json keeps, and what the engine is told with a pull or a push.
package struct RegistryAccount: Sendable, Hashable {
    /// The registry, as config.json names it; see `DockerConfig.server(named:)`.
    package var server: String
    /// The user's name there.
    package var username: String
    /// The password; empty with an identity token.
    package var password: String
    /// What some registries hand out in place of the password.
    package var identityToken: String

    /// An account.
    package init(server: String, username: String = "", password: String = "", identityToken: String = "") {
        self.server = server
        self.username = username
        self.password = password
        self.identityToken = identityToken
    }

    /// As the Engine API has it: the body of `POST /auth`.
    package var body: JSONValue {
        var body: JSONValue = ["username": .string(username)]
        if !password.isEmpty { body["password"] = .string(password) }
        body["serveraddress"] = .string(server)
        if !identityToken.isEmpty { body["identitytoken"] = .string(identityToken) }
        return body
    }

    /// The header that goes with a request for the registry.
    package var header: (name: String, value: String) {
        ("X-Registry-Auth", Base64.encode(body.compactText.utf8, isForURLs: true))
    }
}
