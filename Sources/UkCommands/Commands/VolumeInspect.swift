import ArgumentParser

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
