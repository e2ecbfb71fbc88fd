import ContainerdAPI
import GRPC
import RPC
import SwiftProtobuf

/// A client of the containerd API in one namespace: ukmanager's, or containerd's own.
///
/// A value: variants for another namespace or within a lease share the connection. Every call throws `RPCError`.
public struct ContainerdClient: Sendable {
    /// The connection.
    public let channel: GRPCChannel
    /// The namespace that calls work in.
    public var namespace: String
    /// Resources that calls make belong to this lease, which keeps them from being collected.
    public var lease: String?
    /// Goes out with every call beside namespace and lease.
    public var metadata = RPCMetadata()
    /// Waits for the server to come up instead of failing with `unavailable`.
    public var waitForReady = false
    /// The longest that one call may take; streams and waits included. nil: no bound.
    public var timeout: Duration?

    /// The metadata that names the namespace.
    public static let namespaceHeader = "containerd-namespace"
    /// The metadata that names the lease.
    public static let leaseHeader = "containerd-lease"

    /// A client over a channel of its own to the server that listens at `path`. Nothing is connected yet.
    ///
    /// - Throws: `RPCError` (`invalidArgument`) when the path can be no socket's.
    public init(unixSocket path: String, namespace: String = "default") throws {
        self.init(channel: try GRPCChannel(unixSocket: path), namespace: namespace)
    }

    /// A client over a channel that others may use as well.
    public init(channel: GRPCChannel, namespace: String = "default") {
        self.channel = channel
        self.namespace = namespace
    }

    /// The same connection in another namespace.
    public func inNamespace(_ namespace: String) -> ContainerdClient {
        var copy = self
        copy.namespace = namespace
        return copy
    }

    /// The same connection within a lease.
    public func inLease(_ lease: String?) -> ContainerdClient {
        var copy = self
        copy.lease = lease
        return copy
    }

    /// The server's version and the revision it was built from.
    public func version() async throws -> (version: String, revision: String) {
        let response = try await call(VersionService.version, Google_Protobuf_Empty())
        return (response.version, response.revision)
    }

    // MARK: Calls

    /// What goes with each call.
    public var options: CallOptions {
        var metadata = metadata
        metadata[Self.namespaceHeader] = namespace
        if let lease { metadata[Self.leaseHeader] = lease }
        return CallOptions(metadata: metadata, timeout: timeout, waitForReady: waitForReady)
    }

    /// Calls a unary method in the client's namespace.
    public func call<Request: Message, Response: Message>(
        _ method: UnaryMethod<Request, Response>, _ request: Request
    ) async throws -> Response {
        try await channel.call(method, request, options: options)
    }

    /// Calls a unary method with a request filled by `fill`.
    func call<Request: Message, Response: Message>(
        _ method: UnaryMethod<Request, Response>, _ fill: (inout Request) -> Void
    ) async throws -> Response {
        var request = Request()
        fill(&request)
        return try await channel.call(method, request, options: options)
    }

    /// Calls a method that streams its answer, with a request filled by `fill`.
    func stream<Request: Message, Response: Message>(
        _ method: ServerStreamingMethod<Request, Response>, _ fill: (inout Request) -> Void
    ) throws -> MessageStream<Response> {
        var request = Request()
        fill(&request)
        return try channel.call(method, request, options: options)
    }
}

/// The fields that an update changes, by path (`labels.NAME`, `spec`).
func fieldMask(_ paths: [String]) -> Google_Protobuf_FieldMask {
    var mask = Google_Protobuf_FieldMask()
    mask.paths = paths
    return mask
}

/// `body`'s value, or nil when the server says that the object does not exist.
func orNil<R>(_ body: () async throws -> R) async throws -> R? {
    do {
        return try await body()
    } catch let error as RPCError where error.code == .notFound {
        return nil
    }
}
