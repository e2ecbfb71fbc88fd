import ArgumentParser

extension CompletionKind {
    /// Names of containers, asked of the engine when the user presses the tab key.
    static var containerNames: CompletionKind { .shellCommand("uk ps -a --format '{{.Names}}' 2>/dev/null") }
    /// Names of images.
    static var imageNames: CompletionKind {
        .shellCommand("uk images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null")
    }
    /// Names of volumes.
    static var volumeNames: CompletionKind { .shellCommand("uk volume ls -q 2>/dev/null") }
}

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
