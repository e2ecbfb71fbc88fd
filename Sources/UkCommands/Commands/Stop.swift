import ArgumentParser

/// `uk stop`
struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop one or more running containers.")
    @OptionGroup var how: StopOptions
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        try await Engine.post("/stop", to: container, query: how.query)
    }
}
