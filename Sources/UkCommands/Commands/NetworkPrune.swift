import ArgumentParser

/// `uk network prune`
struct NetworkPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove all unused networks.", shouldDisplay: true)
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false
    @Option(help: ArgumentHelp("Filter, such as until=24h.", valueName: "filter"))
    var filter: [Filter] = []

    func run() async throws {
        try await Pruning(
            kinds: [(.networks, [])],
            warning: "This will remove all custom networks not used by at least one container.", filters: filter,
            force: force
        ).run()
    }
}
