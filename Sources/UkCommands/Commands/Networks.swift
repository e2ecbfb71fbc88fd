import ArgumentParser
import EngineClient

/// `uk network`
struct NetworkGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Manage networks.",
        subcommands: [
            NetworkConnect.self, NetworkCreate.self, NetworkDisconnect.self, NetworkInspect.self, NetworkList.self,
            NetworkRemove.self,
        ])
}

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

/// `uk network inspect`
struct NetworkInspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Display detailed information on one or more networks.")
    @Option(name: .shortAndLong, help: ArgumentHelp("\"json\", or a template.", valueName: "format"))
    var format: String?
    @Argument(help: "The networks.")
    var network: [String]

    func run() async throws { try await Inspection(format: format, type: "network").show(network) }
}

/// `uk network ls`
struct NetworkList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "List networks.", aliases: ["list"])
    @Option(name: .shortAndLong, help: ArgumentHelp("Filter, such as driver=bridge.", valueName: "filter"))
    var filter: [Filter] = []
    @Option(help: ArgumentHelp("\"table\", \"json\", or a template.", valueName: "format"))
    var format: String?
    @Flag(help: "Do not truncate output.")
    var noTrunc = false
    @Flag(name: .shortAndLong, help: "Only display network ids.")
    var quiet = false

    func run() async throws {
        let request = EngineRequest(
            "GET", "/networks", query: [("filters", filterQuery(filter.map { ($0.name, $0.value) }))])
        let rows: [JSONValue] = try await Engine.client().json(request).elements.map { network in
            let id = network["Id"]?.string ?? ""
            return [
                "CreatedAt": network["Created"] ?? "", "Driver": network["Driver"] ?? "",
                "ID": .string(noTrunc ? id : Engine.short(id)),
                "Internal": .string("\(network["Internal"]?.bool ?? false)"),
                "IPv6": .string("\(network["EnableIPv6"]?.bool ?? false)"),
                "Labels": .string(
                    (network["Labels"]?.members ?? []).map { "\($0.name)=\($0.value.string ?? "")" }.joined(
                        separator: ",")),
                "Name": network["Name"] ?? "", "Scope": network["Scope"] ?? "",
            ]
        }
        let columns: [RowFormat.Column] = [
            .init("NETWORK ID", "ID"), .init("NAME", "Name"), .init("DRIVER", "Driver"), .init("SCOPE", "Scope"),
        ]
        Console.print(
            try RowFormat(format: format, columns: columns, quietField: quiet ? "ID" : nil)
                .lines(rows.sorted { ($0["Name"]?.string ?? "") < ($1["Name"]?.string ?? "") }))
    }
}

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
