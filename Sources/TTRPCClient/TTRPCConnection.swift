// Unsafe pointers: sending and receiving over a descriptor.
import CHost
import Glibc
import Host
import Reactor
import Synchronization
import SystemPackage
import TTRPC

/// A client's connection to a ttrpc server, for programs that use Swift concurrency. Calls may be made at once from any
/// number of tasks; no thread is blocked while they wait.
public final class TTRPCConnection: Sendable {
    private let socket: FileDescriptor
    private let state = Mutex(State())

    private struct State {
        var connection = ClientConnection()
        var pending: [UInt32: Pending] = [:]
        var cancelledBeforeCall: Set<UInt64> = []
        var closeWaiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var isClosed = false
        var nextToken: UInt64 = 0
    }

    private struct Pending {
        var continuation: CheckedContinuation<[UInt8], any Error>
        var token: UInt64
        var deadline: UInt64?
    }

    /// Connects to the server's unix socket.
    ///
    /// - Parameter address: a path, or `unix://` and a path.
    /// - Throws: `TTRPCError` (unavailable) when nobody listens there.
    public static func connect(to address: String) throws -> TTRPCConnection {
        let path = address.hasPrefix("unix://") ? String(address.dropFirst("unix://".count)) : address
        do {
            let connection = TTRPCConnection(try UnixSocket.connect(FilePath(path)))
            try Reactor.shared.add(connection)
            return connection
        } catch {
            throw TTRPCError(.unavailable, "\(error)")
        }
    }

    private init(_ socket: FileDescriptor) {
        self.socket = socket
        _ = ukh_set_nonblocking(socket.rawValue, 1)
    }

    deinit { try? socket.close() }

    /// Makes a call and returns the encoded result.
    ///
    /// - Parameter timeout: told to the server and kept here too; nil waits as long as the connection holds.
    /// - Throws: `TTRPCError`: the server's; `deadlineExceeded`; `cancelled` when the task is cancelled; `unavailable`
    ///   ("ttrpc: closed") when the connection is or gets lost.
    public func call(
        service: String, method: String, payload: [UInt8], timeout: Duration? = nil,
        metadata: [(key: String, value: String)] = []
    ) async throws -> [UInt8] {
        let nanoseconds = timeout.map { duration -> Int64 in
            let (seconds, attoseconds) = duration.components
            return max(1, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        }
        let request = Request(
            service: service, method: method, payload: payload, timeoutNanoseconds: nanoseconds ?? 0,
            metadata: metadata.map { Request.KeyValue($0.key, $0.value) })
        let token = state.withLock { state in
            state.nextToken += 1
            return state.nextToken
        }
        defer { state.withLock { _ = $0.cancelledBeforeCall.remove(token) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                begin(request, token, nanoseconds.map { MonotonicTime.now() + UInt64($0) }, continuation)
            }
        } onCancel: {
            cancel(token)
        }
    }

    /// Whether the connection is lost or was closed.
    public var isClosed: Bool { state.withLock(\.isClosed) }

    /// Returns when the connection is lost or closed: for a shim, when it is gone. Returns early on cancellation.
    public func waitUntilClosed() async {
        let token = state.withLock { state in
            state.nextToken += 1
            return state.nextToken
        }
        defer { state.withLock { _ = $0.cancelledBeforeCall.remove(token) } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isClosed || state.cancelledBeforeCall.remove(token) != nil { return true }
                    state.closeWaiters[token] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.closeWaiters.removeValue(forKey: token)
                if waiter == nil, !state.isClosed { state.cancelledBeforeCall.insert(token) }
                return waiter
            }
            waiter?.resume()
        }
    }

    /// Closes the connection: calls that wait fail with `unavailable`.
    public func close() { lose() }

    private func begin(
        _ request: Request, _ token: UInt64, _ deadline: UInt64?,
        _ continuation: CheckedContinuation<[UInt8], any Error>
    ) {
        let refusal: TTRPCError? = state.withLock { state in
            if state.cancelledBeforeCall.remove(token) != nil { return TTRPCError(.cancelled, "context canceled") }
            if state.isClosed { return TTRPCError(.unavailable, "ttrpc: closed") }
            do {
                let stream = try state.connection.call(request)
                state.pending[stream] = Pending(continuation: continuation, token: token, deadline: deadline)
                return nil
            } catch {
                return error as? TTRPCError ?? TTRPCError(.internalError, "\(error)")
            }
        }
        if let refusal { return continuation.resume(throwing: refusal) }
        flush()
        if deadline != nil { Reactor.shared.wake() }
    }

    private func cancel(_ token: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<[UInt8], any Error>? in
            guard let (stream, call) = state.pending.first(where: { $0.value.token == token }) else {
                if !state.isClosed { state.cancelledBeforeCall.insert(token) }
                return nil
            }
            state.pending[stream] = nil
            state.connection.abandon(stream)
            return call.continuation
        }
        continuation?.resume(throwing: TTRPCError(.cancelled, "context canceled"))
    }

    private func lose() {
        let (calls, waiters, wasOpen) = state.withLock { state in
            defer {
                state.isClosed = true
                state.pending = [:]
                state.closeWaiters = [:]
                state.cancelledBeforeCall = []
            }
            return (Array(state.pending.values), Array(state.closeWaiters.values), !state.isClosed)
        }
        guard wasOpen else { return }
        Reactor.shared.remove(self)
        shutdown(socket.rawValue, CInt(SHUT_RDWR))
        for call in calls { call.continuation.resume(throwing: TTRPCError(.unavailable, "ttrpc: closed")) }
        for waiter in waiters { waiter.resume() }
    }

    /// Sends what the socket takes; the reactor calls again when it takes more.
    private func flush() {
        if !state.withLock({ $0.connection.flush(to: socket) }) { lose() }
    }
}

extension TTRPCConnection: ReactorClient {
    /// The socket.
    public var descriptor: CInt { socket.rawValue }

    /// When the earliest call gives up.
    public var nextDeadline: UInt64? { state.withLock { $0.pending.values.compactMap(\.deadline).min() } }

    /// Sends what waits, and gives answers to their calls.
    public func handleReadiness(into room: UnsafeMutableRawBufferPointer) {
        flush()
        while true {
            let count = recv(socket.rawValue, room.baseAddress, room.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return lose() }
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count])
            let answers = state.withLock { state in
                state.connection.receive(bytes).compactMap { answer in
                    state.pending.removeValue(forKey: answer.stream).map { ($0.continuation, answer.result) }
                }
            }
            for (continuation, result) in answers {
                continuation.resume(with: result.mapError { $0 as any Error })
            }
        }
    }

    /// Ends the calls whose time is over.
    public func handleDeadline(_ now: UInt64) {
        let overdue = state.withLock { state in
            let overdue = state.pending.filter { $0.value.deadline.map { $0 <= now } ?? false }
            for stream in overdue.keys {
                state.pending[stream] = nil
                state.connection.abandon(stream)
            }
            return overdue.values.map(\.continuation)
        }
        for continuation in overdue {
            continuation.resume(throwing: TTRPCError(.deadlineExceeded, "context deadline exceeded"))
        }
    }
}
