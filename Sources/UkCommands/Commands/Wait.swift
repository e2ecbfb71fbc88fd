import ArgumentParser

/// `uk wait`
struct Wait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Block until one or more containers stop, then print their exit codes.")
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        let client = try Engine.client()
        try await Engine.forEach(container) { name in
            String(try await ExitWaiter.begin(client, name, condition: "not-running").value())
        }
    }
}
