import ArgumentParser
import EngineClient
import Glibc

/// `uk login`
struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Log in to a registry.")
    @Option(name: .shortAndLong, help: "The user's name.")
    var username: String?
    @Option(name: .shortAndLong, help: "The password; others may see it on the command line.")
    var password: String?
    @Flag(help: "Take the password from standard input.")
    var passwordStdin = false
    @Argument(help: "The registry; docker's own when none is named.")
    var server: String?

    func run() async throws {
        let given = try givenPassword()
        let server = DockerConfig.server(named: server ?? "")
        var config = try DockerConfig()
        let client = try Engine.client()
        if username == nil, given == nil, let known = try config.account(at: server) {
            Console.print("Authenticating with existing credentials...")
            do {
                return try await enter(known, client, &config)
            } catch let error as EngineError where error.status != nil {
                Console.complain("Login did not succeed, error: \(error)")
            }
        }
        if username == nil || given == nil, isatty(0) == 0 {
            throw CommandFailure("Error: Cannot perform an interactive login from a non TTY device")
        }
        let user = try username ?? Prompt.line("Username: ")
        guard !user.isEmpty else { throw CommandFailure("Error: Non-null Username Required") }
        let secret = try given ?? Prompt.secret("Password: ")
        guard !secret.isEmpty else { throw CommandFailure("Error: Password Required") }
        try await enter(RegistryAccount(server: server, username: user, password: secret), client, &config)
    }

    /// From the options or from standard input.
    private func givenPassword() throws -> String? {
        if let password {
            if passwordStdin { throw CommandFailure("--password and --password-stdin are mutually exclusive") }
            Console.complain("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
            return password
        }
        guard passwordStdin else { return nil }
        guard username?.isEmpty == false else { throw CommandFailure("Must provide --username with --password-stdin") }
        return try Prompt.rest()
    }

    /// Asks the engine whether the registry knows the account, and keeps it.
    private func enter(_ account: RegistryAccount, _ client: EngineClient, _ config: inout DockerConfig) async throws {
        let answer = try await client.json(EngineRequest("POST", "/auth", body: .json(account.body)))
        var account = account
        if let token = answer["IdentityToken"]?.string, !token.isEmpty {
            (account.password, account.identityToken) = ("", token)
        }
        if try config.keep(account) {
            Console.complain(
                """

                WARNING! Your credentials are stored unencrypted in '\(config.path)'.
                Configure a credential helper to remove this warning. See
                https://docs.docker.com/go/credential-store/

                """)
        }
        if let status = answer["Status"]?.string, !status.isEmpty { Console.print(status) }
    }
}
