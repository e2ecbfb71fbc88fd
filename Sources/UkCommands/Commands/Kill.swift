import ArgumentParser

/// `uk kill`
struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Kill one or more running containers.")
    @Option(name: .shortAndLong, help: "Signal to send to the container.")
    var signal: String?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws { try await Engine.post("/kill", to: container, query: [("signal", signal)]) }
}
