import ArgumentParser
import EngineClient

/// `uk update`
struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Update the limits of one or more containers.")
    @OptionGroup var limits: LimitOptions
    @Option(help: ArgumentHelp("Restart policy.", valueName: "policy"))
    var restart: String?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        let client = try Engine.client()
        var body = try limits.members()
        if let restart { body["RestartPolicy"] = try CreateRequest.restartPolicy(restart) }
        let changes = body
        try await Engine.forEach(container) { name in
            _ = try await client.json(EngineRequest("POST", Engine.container(name, "/update"), body: .json(changes)))
            return name
        }
    }
}
