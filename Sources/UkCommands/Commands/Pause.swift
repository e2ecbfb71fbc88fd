import ArgumentParser

/// `uk pause`
struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Pause all processes within one or more containers.")
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws { try await Engine.post("/pause", to: container) }
}
