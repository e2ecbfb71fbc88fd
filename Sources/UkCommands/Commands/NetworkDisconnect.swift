import ArgumentParser
import EngineClient

/// `uk network disconnect`
struct NetworkDisconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect", abstract: "Disconnect a container from a network.")
    @Flag(name: .shortAndLong, help: "Force the container to disconnect.")
    var force = false
    @Argument(help: "The network.")
    var network: String
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        let body: JSONValue = ["Container": .string(container), "Force": .bool(force)]
        try await Engine.client().withResponse(
            EngineRequest("POST", "/networks/\(escaped(network))/disconnect", body: .json(body))
        ) { _ in }
    }
}
