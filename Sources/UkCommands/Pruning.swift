import ArgumentParser
import EngineClient

/// What every kind of pruning takes.
struct PruneOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false
    @Option(help: ArgumentHelp("Filter, such as until=24h.", valueName: "filter"))
    var filter: [Filter] = []
}

/// Removes what is no longer used, after asking.
struct Pruning {
    /// What is removed: the Engine API's path, and how the answer's list is called there and to the user.
    enum Kind: String {
        case containers, networks, volumes, images

        /// The member of the answer that lists what was removed.
        var member: String { "\(rawValue.prefix(1).uppercased())\(rawValue.dropFirst())Deleted" }
        /// The line above what was removed.
        var title: String { "Deleted \(rawValue.prefix(1).uppercased())\(rawValue.dropFirst()):" }
    }

    /// What is removed, in this order, with filters of its own.
    var kinds: [(kind: Kind, filters: [(String, String)])]
    /// What the user is told before: the lines of a list, or one sentence.
    var warning: String
    var options: PruneOptions

    /// Asks unless forced, removes, and tells what went and how much room that made.
    func run() async throws {
        guard options.force || Self.isAgreed(warning) else { return }
        let client = try Engine.client()
        var reclaimed: Int64 = 0
        for (kind, own) in kinds {
            let query = filterQuery(own + options.filter.map { ($0.name, $0.value) })
            let answer = try await client.json(
                EngineRequest("POST", "/\(kind.rawValue)/prune", query: [("filters", query)]))
            let removed = (answer[kind.member]?.elements ?? []).map { item in
                item["Deleted"]?.string.map { "deleted: \($0)" } ?? item["Untagged"]?.string.map { "untagged: \($0)" }
                    ?? item.string ?? ""
            }
            if !removed.isEmpty { Console.print([kind.title] + removed + [""]) }
            reclaimed += answer["SpaceReclaimed"]?.integer ?? 0
        }
        Console.print("Total reclaimed space: \(Sizes.decimal(reclaimed))")
    }

    private static func isAgreed(_ warning: String) -> Bool {
        Console.write(Array("WARNING! \(warning)\nAre you sure you want to continue? [y/N] ".utf8), to: 1)
        return readLine()?.lowercased() == "y"
    }
}
