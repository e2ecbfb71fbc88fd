import ArgumentParser
import EngineClient
import Glibc

/// `uk exec`
struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Execute a command in a running container.",
        usage: "uk exec [OPTIONS] CONTAINER COMMAND [ARG...]")

    @Flag(name: .shortAndLong, help: "Keep STDIN open even if not attached.")
    var interactive = false
    @Flag(name: .shortAndLong, help: "Allocate a pseudo-TTY.")
    var tty = false
    @Flag(name: .shortAndLong, help: "Run the command in the background.")
    var detach = false
    @Option(name: .shortAndLong, help: ArgumentHelp("Set an environment variable.", valueName: "name=value"))
    var env: [String] = []
    @Option(name: .shortAndLong, help: ArgumentHelp("Working directory inside the container.", valueName: "path"))
    var workdir: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("User, or uid, and group.", valueName: "user[:group]"))
    var user: String?
    @Flag(help: "Give extended privileges to the command.")
    var privileged = false
    @Option(help: ArgumentHelp("The keys that detach from the command.", valueName: "keys"))
    var detachKeys: DetachKeys = .standard
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The container, and the command.", valueName: "CONTAINER COMMAND [ARG...]"),
        completion: .containerNames)
    var words: [String]

    func validate() throws {
        try Passthrough.check(words, of: Self.self)
        guard words.drop(while: { $0 == "--" }).count >= 2 else {
            throw ValidationError("requires at least 2 arguments")
        }
    }

    func run() async throws {
        let words = Array(self.words.drop { $0 == "--" })
        if tty, interactive, !detach, !RawTerminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
        let client = try Engine.client()
        let body: JSONValue = [
            "User": .string(user ?? ""), "Privileged": .bool(privileged), "Tty": .bool(tty),
            "AttachStdin": .bool(interactive && !detach), "AttachStdout": .bool(!detach),
            "AttachStderr": .bool(!detach), "Detach": .bool(detach), "DetachKeys": .string(detachKeys.text),
            "Env": .strings(env.compactMap(Self.variable)), "WorkingDir": .string(workdir ?? ""),
            "Cmd": .strings(words.dropFirst()),
        ]
        let created = try await client.json(
            EngineRequest("POST", Engine.container(words[0], "/exec"), body: .json(body)))
        guard let id = created["Id"]?.string else { throw EngineError.protocolViolation("an exec without an id") }
        let start = EngineRequest(
            "POST", "/exec/\(id)/start", body: .json(["Detach": .bool(detach), "Tty": .bool(tty)]))
        do {
            if detach { return try await client.withResponse(start) { _ in } }
            guard try await attach(client, id, start) == .finished else {
                throw CommandFailure("read escape sequence")
            }
        } catch let error as EngineError {
            throw StartFailure.explain(error, command: "exec", otherwise: 1)
        }
        let code = try await client.json(EngineRequest("GET", "/exec/\(id)/json"))["ExitCode"]?.integer ?? 0
        if code != 0 { throw CommandFailure("", exitCode: Int32(truncatingIfNeeded: code)) }
    }

    private func attach(
        _ client: EngineClient, _ id: String, _ start: EngineRequest
    ) async throws -> StreamSession.Ending {
        let size = TerminalSize(path: "/exec/\(id)", client: client)
        let session = StreamSession(terminal: tty, input: interactive, detachKeys: detachKeys)
        // In raw mode the keys send no signals; those that others send end this process, but not before the terminal is
        // itself again.
        let signals = tty ? Signals.caught([SIGWINCH] + Signals.deadly) : AsyncStream { $0.finish() }
        let watch = Task {
            guard tty else { return }
            await size.sendFirst()
            for await signal in signals {
                if signal == SIGWINCH {
                    await size.send()
                } else {
                    RawTerminal.restore()
                    Glibc.exit(128 + signal)
                }
            }
        }
        defer { watch.cancel() }
        return try await client.withHijack(start, terminal: tty) { try await session.run($0, $1) }
    }

    private static func variable(_ text: String) -> String? {
        text.contains("=") ? text : getenv(text).map { "\(text)=\(String(cString: $0))" }
    }
}
