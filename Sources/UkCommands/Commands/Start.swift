import ArgumentParser
import EngineClient

/// `uk start`
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start one or more stopped containers.")

    @Flag(name: .shortAndLong, help: "Attach STDOUT and STDERR and forward signals.")
    var attach = false
    @Flag(name: .shortAndLong, help: "Attach the container's STDIN.")
    var interactive = false
    @Option(help: ArgumentHelp("The keys that detach from the container.", valueName: "keys"))
    var detachKeys: DetachKeys = .standard
    @Flag(inversion: .prefixedNo, help: .hidden)
    var sigProxy = true
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        let client = try Engine.client()
        guard attach || interactive else {
            return try await Engine.forEach(container) { name in
                try await client.withResponse(EngineRequest("POST", Engine.container(name, "/start"))) { _ in }
                return name
            }
        }
        guard container.count == 1 else {
            throw CommandFailure("you cannot start and attach multiple containers at once")
        }
        let details = try await client.json(EngineRequest("GET", Engine.container(container[0], "/json")))
        let id = details["Id"]?.string ?? container[0]
        let terminal = details["Config"]?["Tty"]?.bool ?? false
        let opensInput = details["Config"]?["OpenStdin"]?.bool ?? false
        var streams: Set<String> = ["stdout", "stderr"]
        if interactive, opensInput { streams.insert("stdin") }
        if terminal, streams.contains("stdin"), !RawTerminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
        let attached = AttachedContainer(
            client: client, id: id, streams: streams, terminal: terminal, detachKeys: detachKeys,
            proxiesSignals: sigProxy, isRemoved: details["HostConfig"]?["AutoRemove"]?.bool ?? false)
        let code = try await attached.run {
            try await client.withResponse(EngineRequest("POST", Engine.container(id, "/start"))) { _ in }
        }
        if code != 0 { throw CommandFailure("", exitCode: code) }
    }
}
