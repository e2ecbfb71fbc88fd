import ArgumentParser
import EngineClient

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
