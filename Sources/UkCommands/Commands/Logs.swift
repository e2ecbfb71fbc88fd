import ArgumentParser
import EngineClient

/// `uk logs`
struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Fetch the logs of a container.")

    @Flag(name: .shortAndLong, help: "Follow log output.")
    var follow = false
    @Option(name: [.customShort("n"), .long], help: "Lines to show from the end of the logs.")
    var tail = "all"
    @Flag(name: .shortAndLong, help: "Show timestamps.")
    var timestamps = false
    @Flag(help: "Show extra details provided to logs.")
    var details = false
    @Option(help: ArgumentHelp("Since a time, or a duration back from now (42m).", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Before a time, or a duration back from now.", valueName: "time"))
    var until: String?
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        let client = try Engine.client()
        let details = try await client.json(EngineRequest("GET", Engine.container(container, "/json")))
        let terminal = details["Config"]?["Tty"]?.bool ?? false
        let request = EngineRequest(
            "GET", Engine.container(details["Id"]?.string ?? container, "/logs"),
            query: [
                ("stdout", "1"), ("stderr", "1"), ("follow", follow ? "1" : nil), ("tail", tail),
                ("timestamps", timestamps ? "1" : nil), ("details", self.details ? "1" : nil),
                ("since", try moment(since, "since")), ("until", try moment(until, "until")),
            ])
        try await client.withResponse(request) { response in
            var demultiplexer = StreamDemultiplexer()
            for try await bytes in response.body {
                if terminal {
                    Console.write(bytes, to: 1)
                    continue
                }
                for piece in try demultiplexer.append(bytes) {
                    switch piece.channel {
                    case .error: Console.write(piece.bytes, to: 2)
                    case .system:
                        throw CommandFailure(
                            "error from daemon in stream: \(String(decoding: piece.bytes, as: UTF8.self))")
                    default: Console.write(piece.bytes, to: 1)
                    }
                }
            }
        }
    }
}
