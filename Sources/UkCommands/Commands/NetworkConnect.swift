import ArgumentParser
import EngineClient

/// `uk network connect`
struct NetworkConnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Connect a container to a network.")
    @Option(help: "Add a name for the container within the network.")
    var alias: [String] = []
    @Option(help: "IPv4 address.")
    var ip: String?
    @Argument(help: "The network.")
    var network: String
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        var endpoint: JSONValue = ["Aliases": .strings(alias)]
        if let ip { endpoint["IPAMConfig"] = ["IPv4Address": .string(ip)] }
        let body: JSONValue = ["Container": .string(container), "EndpointConfig": endpoint]
        try await Engine.client().withResponse(
            EngineRequest("POST", "/networks/\(escaped(network))/connect", body: .json(body))
        ) { _ in }
    }
}
