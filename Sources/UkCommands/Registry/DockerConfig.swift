import EngineClient
import Glibc
import Host
import SystemPackage

/// docker's settings, `config.json`: accounts at registries, and who else keeps them. All else that the file holds stays
/// as it is.
package struct DockerConfig: Sendable {
    /// The file.
    package let path: FilePath
    private var document: JSONValue

    /// docker's name for the registry that images without one are from.
    package static let hub = "https://index.docker.io/v1/"

    /// The file of this user: in `$DOCKER_CONFIG`, else in `~/.docker`.
    package static var standardPath: FilePath {
        if let folder = environment("DOCKER_CONFIG"), !folder.isEmpty {
            return FilePath(folder).appending("config.json")
        }
        return FilePath(environment("HOME") ?? "/").appending(".docker/config.json")
    }

    /// Reads the file; one that is not there says nothing.
    ///
    /// - Throws: `CommandFailure` for one that cannot be read, or is no JSON object.
    package init(_ path: FilePath = DockerConfig.standardPath) throws {
        self.path = path
        document = .object([])
        guard access(path.string, F_OK) == 0 else { return }
        guard let text = readSmallFile(path.string) else {
            throw CommandFailure("reading \(path): \(String(cString: strerror(errno)))")
        }
        // An empty file is docker's as well.
        if text.allSatisfy(\.isWhitespace) { return }
        do {
            document = try JSONParser.parse(Array(text.utf8))
        } catch {
            throw CommandFailure("parsing \(path): \(error)")
        }
        guard case .object = document else { throw CommandFailure("parsing \(path): not a JSON object") }
    }

    // MARK: Names

    /// A registry as the file names it: docker's own by its address, others by host and port.
    package static func server(named name: String) -> String {
        let host = host(name)
        return ["", "docker.io", "index.docker.io", "registry-1.docker.io"].contains(host) ? hub : host
    }

    /// The registry that an image is from.
    package static func server(ofImage name: String) -> String {
        guard let slash = name.firstIndex(of: "/") else { return hub }
        let first = name[..<slash]
        let isHost = first.contains(".") || first.contains(":") || first == "localhost"
        return isHost ? server(named: String(first)) : hub
    }

    /// Host and port, without `https://` before and a path behind.
    package static func host(_ name: String) -> String {
        let text = name.firstRange(of: "://").map { name[$0.upperBound...] } ?? name[...]
        return String(text.prefix { $0 != "/" })
    }

    // MARK: Accounts

    /// The account at a registry; nil when there is none.
    ///
    /// - Throws: `CommandFailure` when the program that keeps it cannot be run.
    package func account(at server: String) throws -> RegistryAccount? {
        if let helper = helper(for: server) { return try helper.get(server) }
        guard let name = entries(for: server).first, let entry = document["auths"]?[name] else { return nil }
        var account = RegistryAccount(
            server: server, username: entry["username"]?.string ?? "", password: entry["password"]?.string ?? "",
            identityToken: entry["identitytoken"]?.string ?? "")
        if let text = entry["auth"]?.string, let bytes = Base64.decode(text),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        {
            account.username = String(decoding: bytes[..<colon], as: UTF8.self)
            // docker takes zeros at the end for padding.
            let password = bytes[(colon + 1)...].reversed().drop { $0 == 0 }.reversed()
            account.password = String(decoding: Array(password), as: UTF8.self)
        }
        return account.username.isEmpty && account.identityToken.isEmpty ? nil : account
    }

    /// Keeps an account, and writes the file.
    ///
    /// - Returns: whether its password can be read in the file.
    /// - Throws: `CommandFailure`.
    package mutating func keep(_ account: RegistryAccount) throws -> Bool {
        var entry = JSONValue.object([])
        let helper = helper(for: account.server)
        if let helper {
            try helper.store(account)
        } else {
            entry["auth"] = .string(Base64.encode("\(account.username):\(account.password)".utf8))
            if !account.identityToken.isEmpty { entry["identitytoken"] = .string(account.identityToken) }
        }
        var accounts = document["auths"] ?? .object([])
        accounts[account.server] = entry
        document["auths"] = accounts
        try write()
        return helper == nil
    }

    /// Forgets the accounts at a registry, under every name that docker has had for it, and writes the file.
    ///
    /// - Throws: `CommandFailure`.
    package mutating func forget(_ server: String) throws {
        let names = entries(for: server)
        if let helper = helper(for: server) { try helper.erase(server) }
        guard !names.isEmpty, var accounts = document["auths"] else { return }
        for name in names { accounts[name] = nil }
        document["auths"] = accounts
        try write()
    }

    /// The names under which a registry has an entry: its own first.
    private func entries(for server: String) -> [String] {
        let names = document["auths"]?.members.map(\.name) ?? []
        return names.filter { $0 == server } + names.filter { $0 != server && Self.server(named: $0) == server }
    }

    private func helper(for server: String) -> CredentialHelper? {
        let own = document["credHelpers"]?.members.first { Self.server(named: $0.name) == server }?.value.string
        guard let name = own ?? document["credsStore"]?.string, !name.isEmpty else { return nil }
        return CredentialHelper(name: name)
    }

    private func write() throws {
        do {
            try Folders.make(path.removingLastComponent())
            // A link stays one: what it leads to is written.
            let resolved = realpath(path.string, nil)
            defer { free(resolved) }
            let target = resolved.map { FilePath(String(cString: $0)) } ?? path
            try AtomicFile.write((document.indentedText("\t")).utf8, to: target)
        } catch {
            throw CommandFailure("saving \(path): \(error)")
        }
    }
}
