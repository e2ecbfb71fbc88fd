import ArgumentParser

/// `uk container prune`
struct ContainerPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container-prune", abstract: "Remove all stopped containers.", shouldDisplay: false)
    @OptionGroup var asked: PruneOptions

    func run() async throws {
        try await Pruning(
            kinds: [(.containers, [])], warning: "This will remove all stopped containers.", options: asked
        ).run()
    }
}
