import ArgumentParser
import EngineClient

/// `uk attach`
struct Attach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Attach local standard input, output, and error streams to a running container.")

    @Flag(help: "Do not attach STDIN.")
    var noStdin = false
    @Option(help: ArgumentHelp("The keys that detach from the container.", valueName: "keys"))
    var detachKeys: DetachKeys = .standard
    @Flag(inversion: .prefixedNo, help: "Forward signals to the container.")
    var sigProxy = true
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        let client = try Engine.client()
        let details = try await client.json(EngineRequest("GET", Engine.container(container, "/json")))
        let state = details["State"]
        guard state?["Running"]?.bool == true else {
            throw CommandFailure("cannot attach to a stopped container, start it first")
        }
        if state?["Paused"]?.bool == true {
            throw CommandFailure("cannot attach to a paused container, unpause it first")
        }
        let terminal = details["Config"]?["Tty"]?.bool ?? false
        var streams: Set<String> = ["stdout", "stderr"]
        if !noStdin, details["Config"]?["OpenStdin"]?.bool == true { streams.insert("stdin") }
        if terminal, streams.contains("stdin"), !RawTerminal.isTerminal(0) {
            throw CommandFailure("the input device is not a TTY")
        }
        let attached = AttachedContainer(
            client: client, id: details["Id"]?.string ?? container, streams: streams, terminal: terminal,
            detachKeys: detachKeys, proxiesSignals: sigProxy,
            isRemoved: details["HostConfig"]?["AutoRemove"]?.bool ?? false)
        let code = try await attached.run(start: nil)
        if code != 0 { throw CommandFailure("", exitCode: code) }
    }
}
