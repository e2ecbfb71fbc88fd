import RPC
import Synchronization

/// What a handler may know about its call, apart from its messages.
///
/// The task that runs the handler is cancelled when the client cancels, disconnects, or the deadline passes.
public final class ServerContext: Sendable {
    /// `/package.Service/Method`
    public let method: String
    /// What the client sent ahead of its messages.
    public let metadata: RPCMetadata
    /// When the client gives up, or nil when it waits for ever.
    public let deadline: ContinuousClock.Instant?
    private let added = Mutex(RPCMetadata())

    init(method: String, metadata: RPCMetadata, deadline: ContinuousClock.Instant?) {
        self.method = method
        self.metadata = metadata
        self.deadline = deadline
    }

    /// Adds metadata to what goes out with the status.
    public func addTrailer(_ name: String, _ value: String) {
        added.withLock { $0.add(name, value) }
    }

    var trailers: RPCMetadata { added.withLock { $0 } }
}
