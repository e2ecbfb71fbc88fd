// Unsafe: owns a server of the C core.
import CGRPC
import CGRPCSupport
import Glibc
import Host
import Logging
import RPC
import Synchronization
import SystemPackage

/// A gRPC server on a unix socket: HTTP/2 and framing are the C core's, the handlers run as Swift tasks.
public final class GRPCServer: @unchecked Sendable {
    private let raw: OpaquePointer
    private let queue = CompletionQueue(threadName: "grpc-server")
    private let log: Logger
    private let state = Mutex(State())

    private struct Method {
        var handler: ServerCall.Handler
        var tally: MethodTally
    }

    private struct State {
        var methods: [String: Method] = [:]
        var listener: UnixListener?
        var started = false
        var stopping = false
        var calls = 0
        var idle: [CheckedContinuation<Void, Never>] = []
    }

    /// A server without methods.
    ///
    /// - Parameter maximumMessageSize: bytes a message may have either way; containerd's limit is 16 MiB.
    public init(maximumMessageSize: Int = 16 << 20, log: Logger = Logger(label: "grpc")) {
        self.log = log
        var arguments = ChannelArguments.common(maximumMessageSize: maximumMessageSize)
        arguments.values += [
            // Clients may ping as they like: on a unix socket it costs nothing.
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_ping_strikes", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", 1000),
        ]
        raw = arguments.withCore { ukgrpc_server_create($0, $1, $2) }
        grpc_server_register_completion_queue(raw, queue.raw, nil)
    }

    deinit {
        // A started server is held by the calls it waits for until it has been shut down.
        grpc_server_destroy(raw)
    }

    /// The paths of all registered methods.
    public var methods: [String] { state.withLock { $0.methods.keys.sorted() } }

    /// What has been counted of the calls of all registered methods, in the order of their paths.
    public var statistics: [MethodStatistics] {
        state.withLock { Array($0.methods.values) }.map(\.tally.statistics).sorted { $0.path < $1.path }
    }

    func register(path: String, _ form: MethodStatistics.Form, _ handler: @escaping ServerCall.Handler) {
        let method = Method(handler: handler, tally: MethodTally(path: path, form: form))
        state.withLock { state in
            precondition(!state.started, "register \(path) before the server starts")
            precondition(state.methods.updateValue(method, forKey: path) == nil, "\(path) is registered twice")
        }
    }

    /// Listens on a unix socket (a socket file that nobody listens on any more is replaced) and serves.
    ///
    /// - Parameters:
    ///   - user: who may connect too, as the socket's owner.
    ///   - group: whose members may connect too: the socket has mode 0660 then, else 0600.
    /// - Throws: `RPCError` when the address cannot be had: in use, too long, not a socket.
    public func start(unixSocket path: String, user: uid_t? = nil, group: gid_t? = nil) throws {
        let listener = try UnixListener(path: FilePath(path), user: user, group: group, log: log)
        state.withLock { state in
            precondition(!state.started, "a server starts once")
            state.started = true
            state.listener = listener
        }
        grpc_server_start(raw)
        for _ in 0..<4 { requestCall() }
        // Only now: the core has no place for calls before it has been started, and jumps through null at the first.
        let raw = RawServer(raw)
        listener.start { raw.adopt($0) }
    }

    /// Stops accepting, lets calls end for `grace`, then cancels them. Returns when all have ended.
    public func shutdown(grace: Duration = .seconds(5)) async {
        let listener = state.withLock { state in
            state.stopping = true
            defer { state.listener = nil }
            return state.listener
        }
        guard let listener else { return }
        // The core takes no connection after its end, which is why the listener's comes first.
        await listener.close()
        let raw = RawServer(self.raw)
        let timer = Task {
            try? await Task.sleep(for: grace)
            raw.cancelAll()
        }
        await withCheckedContinuation { continuation in
            let done = Signal { continuation.resume() }
            grpc_server_shutdown_and_notify(self.raw, queue.raw, done.retainedTag())
        }
        await withCheckedContinuation { continuation in
            let now = state.withLock { state in
                if state.calls > 0 { state.idle.append(continuation) }
                return state.calls == 0
            }
            if now { continuation.resume() }
        }
        timer.cancel()
        await timer.value
    }

    // MARK: Calls

    private func requestCall() {
        if state.withLock({ $0.stopping }) { return }
        let next = NextCall { [self] call in
            guard let call else { return }
            requestCall()
            serve(call)
        }
        next.request(server: raw, queue: queue)
    }

    private func serve(_ request: NextCall.Arrived) {
        let method = state.withLock { state in
            state.calls += 1
            return state.methods[request.context.method]
        }
        let call = ServerCall(core: request.call, context: request.context, tally: method?.tally)
        call.serve(method?.handler ?? refusal(of: request.context.method)) { [self] in
            let idle = state.withLock { state in
                state.calls -= 1
                guard state.calls == 0 else { return [CheckedContinuation<Void, Never>]() }
                defer { state.idle = [] }
                return state.idle
            }
            for waiter in idle { waiter.resume() }
        }
    }

    /// As Go's gRPC answers what it does not know.
    private func refusal(of path: String) -> ServerCall.Handler {
        let parts = path.split(separator: "/")
        let service = parts.first.map(String.init) ?? ""
        let method = parts.dropFirst().joined(separator: "/")
        let known = state.withLock { $0.methods.keys.contains { $0.hasPrefix("/\(service)/") } }
        let message = known ? "unknown method \(method) for service \(service)" : "unknown service \(service)"
        return { _ in throw RPCError(.unimplemented, message) }
    }
}

/// The server's pointer for closures, which have ended when `shutdown` returns.
private struct RawServer: @unchecked Sendable {
    let raw: OpaquePointer
    init(_ raw: OpaquePointer) { self.raw = raw }
    func adopt(_ connection: FileDescriptor) { ukgrpc_server_adopt(raw, connection.rawValue) }
    func cancelAll() { grpc_server_cancel_all_calls(raw) }
}

/// A completion that only tells that it came.
private final class Signal: Completion {
    private let then: @Sendable () -> Void
    init(_ then: @escaping @Sendable () -> Void) { self.then = then }
    override func complete(_ success: Bool) { then() }
}

/// The place where the core puts the next call that comes in.
private final class NextCall: Completion {
    /// A call and what came with it.
    struct Arrived {
        let call: CoreCall
        let context: ServerContext
    }

    private let request = ukgrpc_request_create()!
    private let then: (Arrived?) -> Void
    private var queue: CompletionQueue?

    init(_ then: @escaping (Arrived?) -> Void) { self.then = then }

    deinit { ukgrpc_request_destroy(request) }

    func request(server: OpaquePointer, queue: CompletionQueue) {
        self.queue = queue
        let tag = retainedTag()
        let error = grpc_server_request_call(
            server, &request.pointee.call, &request.pointee.details, &request.pointee.metadata, queue.raw, queue.raw,
            tag)
        if error != GRPC_CALL_OK { Completion.release(tag: tag) }
    }

    override func complete(_ success: Bool) {
        guard success, let call = request.pointee.call, let queue else { return then(nil) }
        var length = 0
        let method = ukgrpc_slice_bytes(&request.pointee.details.method, &length)
        let remaining = ukgrpc_remaining(request.pointee.details.deadline)
        let context = ServerContext(
            method: String(decoding: UnsafeRawBufferPointer(start: method, count: length), as: UTF8.self),
            metadata: RPCMetadata(core: &request.pointee.metadata),
            deadline: remaining == .max ? nil : .now + .nanoseconds(remaining))
        then(Arrived(call: CoreCall(raw: call, owner: queue), context: context))
    }
}
