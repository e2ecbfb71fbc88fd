import ArgumentParser

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
