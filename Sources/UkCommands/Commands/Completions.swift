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
