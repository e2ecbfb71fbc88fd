import EngineClient
import Glibc
import Host
import SystemPackage

/// A program that keeps accounts in place of config.json, such as `docker-credential-pass`: one word says what is to be done,
/// standard input says with what.
struct CredentialHelper {
    /// What follows `docker-credential-`.
    let name: String

    private var program: String { "docker-credential-\(name)" }

    /// The account at a registry; nil when the program knows none.
    func get(_ server: String) throws -> RegistryAccount? {
        let (code, output) = try run("get", server)
        let text = String(decoding: output, as: UTF8.self)
        guard code == 0 else {
            if text.contains("credentials not found") { return nil }
            throw CommandFailure("\(program) get \(server): \(text.isEmpty ? "exit status \(code)" : text)")
        }
        guard let answer = try? JSONParser.parse(output), let user = answer["Username"]?.string,
            let secret = answer["Secret"]?.string
        else { throw CommandFailure("\(program) get \(server): the answer is no account") }
        return user == "<token>"
            ? RegistryAccount(server: server, identityToken: secret)
            : RegistryAccount(server: server, username: user, password: secret)
    }

    /// Keeps an account.
    func store(_ account: RegistryAccount) throws {
        let hasToken = !account.identityToken.isEmpty
        let value: JSONValue = [
            "ServerURL": .string(account.server), "Username": .string(hasToken ? "<token>" : account.username),
            "Secret": .string(hasToken ? account.identityToken : account.password),
        ]
        let (code, output) = try run("store", value.compactText)
        guard code == 0 else {
            throw CommandFailure("\(program) store: \(String(decoding: output, as: UTF8.self)) (exit status \(code))")
        }
    }

    /// Forgets an account; one that is not there is no failure.
    func erase(_ server: String) throws {
        let (code, output) = try run("erase", server)
        let text = String(decoding: output, as: UTF8.self)
        guard code == 0 || text.contains("credentials not found") else {
            throw CommandFailure("\(program) erase \(server): \(text) (exit status \(code))")
        }
    }

    private func run(_ action: String, _ input: String) throws -> (code: CInt, output: [UInt8]) {
        guard !name.contains("/"), let path = Processes.program(onPath: program) else {
            throw CommandFailure("\(program), which config.json names, is not on PATH")
        }
        let (reading, toChild) = try FileDescriptor.pipe()
        let (fromChild, writing) = try FileDescriptor.pipe()
        defer { try? fromChild.close() }
        let pid: pid_t
        do {
            defer {
                try? reading.close()
                try? writing.close()
            }
            pid = try Spawn(
                path, arguments: [program, action], descriptors: [reading, writing, .standardError]
            ).start()
        } catch {
            try? toChild.close()
            throw CommandFailure("\(program): \(error)")
        }
        _ = try? toChild.writeAll(input.utf8)
        try? toChild.close()
        var output = (try? fromChild.readAll(limit: 1 << 20)) ?? []
        let status = Processes.waitForEnd(of: pid)
        while let last = output.last, last == 0x0A || last == 0x0D { output.removeLast() }
        return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F, output)
    }
}
