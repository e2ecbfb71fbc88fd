import ArgumentParser

/// `uk stop`
struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop one or more running containers.")
    @Option(name: .shortAndLong, help: "Signal to send to the container.")
    var signal: String?
    @Option(
        name: [.customShort("t"), .customLong("timeout"), .customLong("time")],
        help: ArgumentHelp("Seconds to wait before killing it.", valueName: "seconds"))
    var timeout: Int?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        try await Engine.post("/stop", to: container, query: [("signal", signal), ("t", timeout.map { String($0) })])
    }
}
