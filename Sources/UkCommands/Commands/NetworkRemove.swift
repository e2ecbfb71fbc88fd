import ArgumentParser
import EngineClient

/// `uk network rm`
struct NetworkRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove one or more networks.", aliases: ["remove"])
    @Flag(name: .shortAndLong, help: "Do not complain about a network that is not there.")
    var force = false
    @Argument(help: "The networks.")
    var network: [String]

    func run() async throws {
        let client = try Engine.client()
        try await Engine.forEach(network) { name in
            do {
                try await client.withResponse(EngineRequest("DELETE", "/networks/\(escaped(name))")) { _ in }
            } catch let error as EngineError where force && error.status == 404 {
                return nil
            }
            return name
        }
    }
}
