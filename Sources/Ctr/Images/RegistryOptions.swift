import ArgumentParser
import ContainerdClient
import Glibc
import RPC
import Registry

/// How a registry is reached: ctr's flags.
struct RegistryOptions: ParsableArguments {
    @Flag(name: [.customShort("k"), .customLong("skip-verify")], help: "Takes any certificate.") var skipVerify = false
    @Flag(name: .customLong("plain-http"), help: "HTTP without TLS.") var plainHTTP = false
    @Option(name: [.customShort("u"), .long], help: "USER[:PASSWORD]; without a password it is asked for.")
    var user: String?
    @Option(help: "A refresh token for the registry's token server.") var refresh: String?
    @Option(name: .customLong("hosts-dir"), help: "A folder with REGISTRY/hosts.toml.") var hostsDir: String?
    @Option(help: "A file with further authorities (PEM).") var tlscacert: String?
    @Option(help: "A file with the client's certificate (PEM).") var tlscert: String?
    @Option(help: "A file with the client's key (PEM).") var tlskey: String?
    @Flag(help: "Taken for ctr's sake: the client always does it itself.") var local = false

    /// The settings that the flags stand for.
    func settings() throws -> RegistrySettings {
        var settings = RegistrySettings(folders: hostsDir.map { [$0] })
        settings.plainHTTP = plainHTTP
        settings.skipsVerification = skipVerify
        settings.authorities = tlscacert.map { [$0] } ?? []
        settings.identity = tlscert.map { .init(certificate: $0, key: tlskey) }
        if let user {
            var credentials = Credentials(user)
            if !user.contains(":"), refresh == nil { credentials.password = try Self.ask() }
            settings.credentials = credentials
        }
        if let refresh {
            settings.credentials = Credentials(user: user ?? "", password: "", identityToken: refresh)
        }
        return settings
    }

    private static func ask() throws -> String {
        guard let text = getpass("Password: ") else {
            throw RPCError(.invalidArgument, "no password: give it as --user USER:PASSWORD")
        }
        return String(cString: text)
    }
}
