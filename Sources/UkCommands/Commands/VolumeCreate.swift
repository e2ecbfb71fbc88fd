import ArgumentParser
import EngineClient

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
