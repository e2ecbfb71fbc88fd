import ArgumentParser

/// `uk restart`
struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Restart one or more containers.")
    @OptionGroup var how: StopOptions
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        try await Engine.post(
            "/restart", to: container, query: how.query)
    }
}
