import ArgumentParser

/// `name=value`, as `--filter` takes it.
struct Filter: ExpressibleByArgument, Sendable {
    var name: String
    var value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        (name, value) = (parts[0].lowercased(), parts[1])
    }
}
