import ArgumentParser
import EngineClient
import Glibc

/// `uk run`
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create and run a new container from an image.",
        usage: "uk run [OPTIONS] IMAGE [COMMAND] [ARG...]",
        helpNames: .long)

    @OptionGroup var options: ContainerOptions
    @OptionGroup var image: ImageAndCommand
    @Flag(name: .shortAndLong, help: "Run the container in the background and print its id.")
    var detach = false
    @Option(name: .shortAndLong, help: ArgumentHelp("Attach to stdin, stdout or stderr only.", valueName: "stream"))
    var attach: [String] = []
    @Option(help: ArgumentHelp("The keys that detach from the container.", valueName: "keys"))
    var detachKeys: DetachKeys = .standard
    @Flag(inversion: .prefixedNo, help: "Forward signals to the container.")
    var sigProxy = true

    func validate() throws {
        if detach, !attach.isEmpty {
            throw ValidationError("conflicting options: cannot specify both --attach and --detach")
        }
        if attach.contains(where: { !["stdin", "stdout", "stderr"].contains($0.lowercased()) }) {
            throw ValidationError("valid streams are STDIN, STDOUT and STDERR")
        }
    }

    func run() async throws {
        var streams = Set(attach.map { $0.lowercased() })
        if attach.isEmpty, !detach {
            streams = options.interactive ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"]
        }
        if options.tty, streams.contains("stdin"), !RawTerminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
        do {
            let code = try await start(streams)
            if code != 0 { throw CommandFailure("", exitCode: code) }
        } catch let error as EngineError {
            throw StartFailure.explain(error, command: "run")
        }
    }

    private func start(_ streams: Set<String>) async throws -> Int32 {
        let client = try Engine.client()
        let id = try await Creation(
            client: client, options: options, image: image.name, command: image.command, attached: streams
        ).create()
        let start = EngineRequest("POST", Engine.container(id, "/start"))
        if streams.isEmpty {
            try await client.withResponse(start) { _ in }
            if detach { Console.print(id) }
            return 0
        }
        let container = AttachedContainer(
            client: client, id: id, streams: streams, terminal: options.tty, detachKeys: detachKeys,
            proxiesSignals: sigProxy, isRemoved: options.remove)
        return try await container.run { try await client.withResponse(start) { _ in } }
    }
}

/// IMAGE [COMMAND] [ARG...]: everything after the image is the container's, whatever it looks like.
struct ImageAndCommand: ParsableArguments {
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The image, and the command to run in it.", valueName: "IMAGE [COMMAND] [ARG...]"),
        completion: .imageNames)
    var words: [String]

    var name: String { words.first { $0 != "--" } ?? "" }
    var command: [String] { Array(words.drop { $0 == "--" }.dropFirst()) }

    func validate() throws { try Passthrough.check(words) }
}

/// What the words of a command that runs another have in common.
enum Passthrough {
    /// An option that nobody knows ends up as the first word.
    ///
    /// - Throws: `ValidationError` for it, and when there is no word at all.
    static func check(_ words: [String], of command: (any ParsableCommand.Type)? = nil) throws {
        if let command, let first = words.first, ["--help", "-h"].contains(first) {
            throw CleanExit.helpRequest(command)
        }
        guard let first = words.first else { throw ValidationError("requires at least 1 argument") }
        if first != "--", first.hasPrefix("-") {
            throw ValidationError(first.hasPrefix("--") ? "unknown flag: \(first)" : "unknown shorthand flag: \(first)")
        }
        if first == "--", words.count == 1 { throw ValidationError("requires at least 1 argument") }
    }
}

extension DetachKeys: ExpressibleByArgument {
    /// The keys that an option's value names.
    public init?(argument: String) { self.init(text: argument) }
    /// The keys as help shows them.
    public var defaultValueDescription: String { text }
}

/// Turns the engine's refusal to start something into docker's exit codes: 127 not found, 126 not executable, else 125.
enum StartFailure {
    static func explain(_ error: EngineError, command: String, otherwise: Int32 = 125) -> CommandFailure {
        let text = "\(error)"
        let lower = text.lowercased()
        var code = otherwise
        if lower.contains("executable file not found") || lower.contains("no such file or directory") {
            code = 127
        } else if lower.contains("permission denied") || lower.contains("is a directory") {
            code = 126
        }
        guard case .refused = error else { return CommandFailure(text, exitCode: otherwise) }
        return CommandFailure("\(text)\n\nRun 'uk \(command) --help' for more information", exitCode: code)
    }
}
