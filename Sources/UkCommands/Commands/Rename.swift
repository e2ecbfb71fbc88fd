import ArgumentParser
import EngineClient

/// `uk rename`
struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rename a container.")
    @Argument(help: "The container.", completion: .containerNames)
    var container: String
    @Argument(help: "Its new name.")
    var newName: String

    func run() async throws {
        try await Engine.client().withResponse(
            EngineRequest("POST", Engine.container(container, "/rename"), query: [("name", newName)])
        ) { _ in }
    }
}
