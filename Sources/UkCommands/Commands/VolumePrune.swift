import ArgumentParser

/// `uk volume prune`
struct VolumePrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove unused volumes.", shouldDisplay: true)
    @Flag(name: .shortAndLong, help: "Remove all that are unused, not only those without a name.")
    var all = false
    @OptionGroup var asked: PruneOptions

    func run() async throws {
        let which = all ? "all local volumes" : "anonymous local volumes"
        try await Pruning(
            kinds: [(.volumes, all ? [("all", "true")] : [])],
            warning: "This will remove \(which) not used by at least one container.", options: asked
        ).run()
    }
}
