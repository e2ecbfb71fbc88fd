import RPC

/// What a client may say about a call.
public struct CallOptions: Sendable {
    /// Goes out ahead of the messages.
    public var metadata: RPCMetadata
    /// After this the call fails with `deadlineExceeded` on both sides; nil: never.
    public var timeout: Duration?
    /// Waits for the server to come up instead of failing with `unavailable`.
    public var waitForReady: Bool

    /// No metadata, no deadline, no waiting, unless said otherwise.
    public init(metadata: RPCMetadata = RPCMetadata(), timeout: Duration? = nil, waitForReady: Bool = false) {
        self.metadata = metadata
        self.timeout = timeout
        self.waitForReady = waitForReady
    }
}
