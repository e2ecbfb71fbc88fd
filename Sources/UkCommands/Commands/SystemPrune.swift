import ArgumentParser

/// `uk system prune`
struct SystemPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system-prune", abstract: "Remove unused data.", shouldDisplay: false)
    @Flag(name: .shortAndLong, help: "Remove all that are unused, not only those without a name.")
    var all = false
    @Flag(help: "Remove anonymous volumes as well.")
    var volumes = false
    @OptionGroup var asked: PruneOptions

    func run() async throws {
        var kinds: [(kind: Pruning.Kind, filters: [(String, String)])] = [(.containers, []), (.networks, [])]
        var lines = ["all stopped containers", "all networks not used by at least one container"]
        if volumes {
            kinds.append((.volumes, []))
            lines.append("all anonymous volumes not used by at least one container")
        }
        kinds.append((.images, [("dangling", all ? "false" : "true")]))
        lines.append(all ? "all images without at least one container associated to them" : "all dangling images")
        let list = lines.map { "\n  - \($0)" }.joined()
        try await Pruning(
            kinds: kinds, warning: "This will remove:\(list)\n", options: asked
        ).run()
    }
}
