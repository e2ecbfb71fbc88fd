import ArgumentParser

/// `uk image prune`
struct ImagePrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image-prune", abstract: "Remove unused images.", shouldDisplay: false)
    @Flag(name: .shortAndLong, help: "Remove all that are unused, not only those without a name.")
    var all = false
    @OptionGroup var asked: PruneOptions

    func run() async throws {
        let which = all ? "all images without at least one container associated to them" : "all dangling images"
        try await Pruning(
            kinds: [(.images, [("dangling", all ? "false" : "true")])], warning: "This will remove \(which).",
            options: asked
        ).run()
    }
}
