import ArgumentParser
import EngineClient

/// `uk network create`
struct NetworkCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a network.")
    @Option(name: .shortAndLong, help: "The network's driver.")
    var driver = "bridge"
    @Flag(help: "Restrict external access to the network.")
    var `internal` = false
    @Option(help: ArgumentHelp("Its addresses, such as 172.20.0.0/16.", valueName: "subnet"))
    var subnet: [String] = []
    @Option(help: "The gateway's address.")
    var gateway: [String] = []
    @Option(help: ArgumentHelp("Set metadata.", valueName: "name=value"))
    var label: [String] = []
    @Option(name: .shortAndLong, help: ArgumentHelp("An option of the driver.", valueName: "name=value"))
    var opt: [String] = []
    @Argument(help: "The network's name.")
    var name: String

    func run() async throws {
        let pools: [JSONValue] = subnet.enumerated().map { index, subnet in
            var pool: JSONValue = ["Subnet": .string(subnet)]
            if gateway.indices.contains(index) { pool["Gateway"] = .string(gateway[index]) }
            return pool
        }
        let body: JSONValue = [
            "Name": .string(name), "Driver": .string(driver), "Internal": .bool(self.internal), "CheckDuplicate": true,
            "Options": pairs(opt), "Labels": pairs(label),
            "IPAM": ["Driver": "default", "Config": .array(pools)],
        ]
        let network = try await Engine.client().json(EngineRequest("POST", "/networks/create", body: .json(body)))
        Console.print(network["Id"]?.string ?? "")
    }
}
