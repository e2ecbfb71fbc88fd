// Unsafe: owns a channel of the C core.
import CGRPC
import CGRPCSupport
import Glibc
import Host
import RPC
import SwiftProtobuf
import SystemPackage

/// A client's connection to a server on a unix socket; connects on the first call and again after every loss.
///
/// A cancelled task cancels its call; the call then throws `RPCError` with `cancelled`.
public final class GRPCChannel: @unchecked Sendable {
    private let raw: OpaquePointer
    private let queue: CompletionQueue
    /// The socket's folder, when the path is too long for an address.
    private let folder: FileDescriptor?

    /// A channel to the server that listens at `path`. Nothing is connected yet.
    ///
    /// - Parameter maximumMessageSize: bytes a message may have either way; containerd's limit is 16 MiB.
    /// - Throws: `RPCError` (`invalidArgument`) when the path can be no socket's.
    public init(unixSocket path: String, maximumMessageSize: Int = 16 << 20) throws {
        let file = FilePath(path)
        guard let name = file.lastComponent?.string else {
            throw RPCError(.invalidArgument, "\"\(path)\" is no socket's path")
        }
        var target = file.isAbsolute ? path : Folders.working.pushing(file).string
        folder =
            target.utf8.count < 108
            ? nil
            : try? FileDescriptor.open(
                file.removingLastComponent(), .init(rawValue: O_RDONLY), options: [.directory, .closeOnExec])
        if target.utf8.count >= 108 {
            // Reached through its folder; the address is resolved anew on every connection.
            guard let folder else {
                throw RPCError(.invalidArgument, "\(path) is too long for a socket, or its folder is missing")
            }
            target = "/proc/self/fd/\(folder.rawValue)/\(name)"
            guard target.utf8.count < 108 else {
                throw RPCError(.invalidArgument, "\(path): the socket's name is too long")
            }
        }
        var arguments = ChannelArguments.common(maximumMessageSize: maximumMessageSize)
        arguments.values += [
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 1000),
            ("grpc.max_reconnect_backoff_ms", 500),
            ("grpc.enable_http_proxy", 0),
            ("grpc.service_config_disable_resolution", 1),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
        ]
        queue = CompletionQueue(threadName: "grpc-client")
        raw = arguments.withCore { ukgrpc_channel_create("unix://" + Self.escaped(target), $0, $1, $2) }
    }

    deinit {
        grpc_channel_destroy(raw)
        try? folder?.close()
    }

    /// Calls a unary method.
    ///
    /// - Throws: `RPCError` with the server's status, or `unavailable` when it cannot be reached.
    public func call<Request: Message, Response: Message>(
        _ method: UnaryMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions()
    ) async throws -> Response {
        let call = ClientCall(
            core: makeCall(method.path, options), options: options, request: try encode(request))
        return try await decode(call.response())
    }

    /// Calls a method that streams its answer. Letting the stream go cancels the call.
    public func call<Request: Message, Response: Message>(
        _ method: ServerStreamingMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions()
    ) throws -> MessageStream<Response> {
        let call = ClientCall(
            core: makeCall(method.path, options), options: options, request: try encode(request))
        return MessageStream { try await call.read() }
    }

    /// Calls a method that streams its answer and waits until the server has taken it up (has sent its initial
    /// metadata), from when on nothing is missed.
    ///
    /// - Parameter patience: how long to wait at most; Go's servers send nothing before the first message.
    public func start<Request: Message, Response: Message>(
        _ method: ServerStreamingMethod<Request, Response>, _ request: Request, options: CallOptions = CallOptions(),
        patience: Duration? = nil
    ) async throws -> MessageStream<Response> {
        let call = ClientCall(
            core: makeCall(method.path, options), options: options, request: try encode(request))
        try await call.started(patience: patience)
        return MessageStream { try await call.read() }
    }

    /// Calls a method to which `body` streams, and returns its answer.
    public func call<Request: Message, Response: Message>(
        _ method: ClientStreamingMethod<Request, Response>, options: CallOptions = CallOptions(),
        _ body: (MessageWriter<Request>) async throws -> Void
    ) async throws -> Response {
        let call = ClientCall(core: makeCall(method.path, options), options: options, request: nil)
        try await body(MessageWriter(send: { try await call.write($0) }, begin: {}))
        await call.finish()
        return try await decode(call.response())
    }

    /// Opens a call in which both sides stream.
    public func open<Request: Message, Response: Message>(
        _ method: BidirectionalMethod<Request, Response>, options: CallOptions = CallOptions()
    ) -> BidirectionalCall<Request, Response> {
        BidirectionalCall(call: ClientCall(core: makeCall(method.path, options), options: options, request: nil))
    }

    private func makeCall(_ path: String, _ options: CallOptions) -> CoreCall {
        let nanoseconds = options.timeout.map { timeout in
            let (seconds, attoseconds) = timeout.components
            let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            return overflow ? Int64.max / 2 : max(0, product + attoseconds / 1_000_000_000)
        }
        let deadline = ukgrpc_deadline(nanoseconds ?? -1)
        let call = ukgrpc_call_create(raw, queue.raw, path, path.utf8.count, deadline)!
        return CoreCall(raw: call, owner: self)
    }

    /// Percent-encodes what a URI's path may not hold.
    private static func escaped(_ path: String) -> String {
        let plain = Set("/-._~".utf8)
        return path.utf8.map { byte in
            let letter = UnicodeScalar(byte)
            let safe =
                plain.contains(byte)
                || (letter.isASCII && (letter.properties.isAlphabetic || ("0"..."9").contains(letter)))
            if safe { return String(letter) }
            let hex = String(byte, radix: 16, uppercase: true)
            return "%" + (hex.count == 1 ? "0" + hex : hex)
        }.joined()
    }
}
