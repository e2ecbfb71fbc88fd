import ArgumentParser
import EngineClient

/// `uk volume ls`
struct VolumeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "List volumes.", aliases: ["list"])
    @Option(name: .shortAndLong, help: ArgumentHelp("Filter, such as dangling=true.", valueName: "filter"))
    var filter: [Filter] = []
    @Option(help: ArgumentHelp("\"table\", \"json\", or a template.", valueName: "format"))
    var format: String?
    @Flag(name: .shortAndLong, help: "Only display volume names.")
    var quiet = false

    func run() async throws {
        let answer = try await Engine.client().json(
            EngineRequest("GET", "/volumes", query: [("filters", filterQuery(filter.map { ($0.name, $0.value) }))]))
        let rows: [JSONValue] = (answer["Volumes"]?.elements ?? []).map { volume in
            [
                "Driver": volume["Driver"] ?? "", "Mountpoint": volume["Mountpoint"] ?? "",
                "Labels": .string(
                    (volume["Labels"]?.members ?? []).map { "\($0.name)=\($0.value.string ?? "")" }.joined(
                        separator: ",")),
                "Name": volume["Name"] ?? "", "Scope": volume["Scope"] ?? "",
            ]
        }
        let columns: [RowFormat.Column] = [.init("DRIVER", "Driver"), .init("VOLUME NAME", "Name")]
        Console.print(
            try RowFormat(format: format, columns: columns, quietField: quiet ? "Name" : nil)
                .lines(rows.sorted { ($0["Name"]?.string ?? "") < ($1["Name"]?.string ?? "") }))
    }
}
