import ArgumentParser

/// `uk unpause`
struct Unpause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Unpause all processes within one or more containers.")
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws { try await Engine.post("/unpause", to: container) }
}
