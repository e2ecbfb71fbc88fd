import ArgumentParser

/// `uk network prune`
struct NetworkPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove all unused networks.", shouldDisplay: true)
    @OptionGroup var asked: PruneOptions

    func run() async throws {
        try await Pruning(
            kinds: [(.networks, [])],
            warning: "This will remove all custom networks not used by at least one container.", options: asked
        ).run()
    }
}
