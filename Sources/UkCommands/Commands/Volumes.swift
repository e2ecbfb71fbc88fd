import ArgumentParser
import EngineClient

/// `uk volume`
struct VolumeGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Manage volumes.",
        subcommands: [VolumeCreate.self, VolumeInspect.self, VolumeList.self, VolumeRemove.self])
}

/// `uk volume create`
struct VolumeCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a volume.")
    @Option(name: .shortAndLong, help: "The volume's driver.")
    var driver = "local"
    @Option(help: ArgumentHelp("Set metadata.", valueName: "name=value"))
    var label: [String] = []
    @Option(name: .shortAndLong, help: ArgumentHelp("An option of the driver.", valueName: "name=value"))
    var opt: [String] = []
    @Argument(help: "The volume's name.")
    var name: String?

    func run() async throws {
        let body: JSONValue = [
            "Name": .string(name ?? ""), "Driver": .string(driver), "DriverOpts": pairs(opt), "Labels": pairs(label),
        ]
        let volume = try await Engine.client().json(EngineRequest("POST", "/volumes/create", body: .json(body)))
        Console.print(volume["Name"]?.string ?? name ?? "")
    }
}

/// `uk volume inspect`
struct VolumeInspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Display detailed information on one or more volumes.")
    @Option(name: .shortAndLong, help: ArgumentHelp("\"json\", or a template.", valueName: "format"))
    var format: String?
    @Argument(help: "The volumes.", completion: .volumeNames)
    var volume: [String]

    func run() async throws { try await Inspection(format: format, type: "volume").show(volume) }
}

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

/// `uk volume rm`
struct VolumeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove one or more volumes.", aliases: ["remove"])
    @Flag(name: .shortAndLong, help: "Force the removal.")
    var force = false
    @Argument(help: "The volumes.", completion: .volumeNames)
    var volume: [String]

    func run() async throws {
        let client = try Engine.client()
        try await Engine.forEach(volume) { name in
            let request = EngineRequest(
                "DELETE", "/volumes/\(escaped(name))", query: [("force", force ? "1" : nil)])
            try await client.withResponse(request) { _ in }
            return name
        }
    }
}
