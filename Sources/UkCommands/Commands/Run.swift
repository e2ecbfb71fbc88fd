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
