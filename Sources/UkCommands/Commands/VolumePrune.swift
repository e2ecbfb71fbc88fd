import ArgumentParser

/// `uk volume prune`
struct VolumePrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove unused volumes.", shouldDisplay: true)
    @Flag(name: .shortAndLong, help: "Remove all that are unused, not only those without a name.")
    var all = false
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false
    @Option(help: ArgumentHelp("Filter, such as until=24h.", valueName: "filter"))
    var filter: [Filter] = []

    func run() async throws {
        let which = all ? "all local volumes" : "anonymous local volumes"
        try await Pruning(
            kinds: [(.volumes, all ? [("all", "true")] : [])],
            warning: "This will remove \(which) not used by at least one container.", filters: filter, force: force
        ).run()
    }
}
