import ArgumentParser

/// `uk container prune`
struct ContainerPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container-prune", abstract: "Remove all stopped containers.", shouldDisplay: false)
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false
    @Option(help: ArgumentHelp("Filter, such as until=24h.", valueName: "filter"))
    var filter: [Filter] = []

    func run() async throws {
        try await Pruning(
            kinds: [(.containers, [])], warning: "This will remove all stopped containers.", filters: filter,
            force: force
        ).run()
    }
}
