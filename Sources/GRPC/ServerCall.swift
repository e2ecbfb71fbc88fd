import RPC
import Synchronization

/// One call that a server answers: runs the method's handler as a task and sends its outcome as the status.
final class ServerCall: Sendable {
    /// Answers with the last message to send, or nil when all has been sent.
    typealias Handler = @Sendable (ServerCall) async throws -> [UInt8]?

    let core: CoreCall
    let context: ServerContext
    private let tally: MethodTally?
    private let state = Mutex(State())

    private struct State {
        var cancelled = false
        var begun = false
        var task: Task<Void, Never>?
    }

    init(core: CoreCall, context: ServerContext, tally: MethodTally?) {
        self.core = core
        self.context = context
        self.tally = tally
    }

    /// Runs `handler` until its status is sent.
    func serve(_ handler: @escaping Handler, finished: @escaping @Sendable () -> Void) {
        let close = Batch()
        close.receiveClose()
        close.start(on: core) { success in
            if !success || close.cancelled { self.cancelled() }
        }
        let task = Task {
            await self.finish(with: handler)
            finished()
        }
        let late = state.withLock { state in
            state.task = task
            return state.cancelled
        }
        if late { task.cancel() }
    }

    private func cancelled() {
        let task = state.withLock { state in
            state.cancelled = true
            return state.task
        }
        task?.cancel()
    }

    private func finish(with handler: Handler) async {
        let batch = Batch()
        let start = ContinuousClock.now
        var outcome = RPCCode.ok
        tally?.started()
        do {
            let last = try await handler(self)
            if let last {
                addInitialMetadata(to: batch)
                batch.sendMessage(last)
                tally?.sent()
            } else {
                addInitialMetadata(to: batch)
            }
            batch.sendStatus(.ok, "", trailers: context.trailers)
        } catch {
            let failure = RPCError(serving: error)
            outcome = failure.code
            var trailers = context.trailers
            if !failure.details.isEmpty { trailers.add("grpc-status-details-bin", bytes: failure.details) }
            addInitialMetadata(to: batch)
            batch.sendStatus(failure.code, failure.message, trailers: trailers)
        }
        tally?.handled(outcome, after: .now - start)
        _ = await core.write(batch)
    }

    private func addInitialMetadata(to batch: Batch) {
        let first = state.withLock { state in
            defer { state.begun = true }
            return !state.begun
        }
        if first { batch.sendInitialMetadata() }
    }

    // MARK: For handlers

    /// The next message of the client.
    func read() async throws -> [UInt8]? {
        let bytes = try await core.read()
        if bytes == nil, state.withLock({ $0.cancelled }) { throw CancellationError() }
        if bytes != nil { tally?.received() }
        return bytes
    }

    /// The only message of the client.
    func readOne() async throws -> [UInt8] {
        guard let bytes = try await read() else {
            throw RPCError(.internalError, "\(context.method): the request stream ended before a message")
        }
        return bytes
    }

    /// Sends a message of the server's stream.
    func write(_ bytes: [UInt8]) async throws {
        let batch = Batch()
        addInitialMetadata(to: batch)
        batch.sendMessage(bytes)
        guard await core.write(batch) else { throw RPCError(.cancelled, "context canceled") }
        tally?.sent()
    }

    /// Sends the initial metadata unless something has been sent.
    func begin() async throws {
        let first = state.withLock { state in
            defer { state.begun = true }
            return !state.begun
        }
        guard first else { return }
        let batch = Batch()
        batch.sendInitialMetadata()
        guard await core.write(batch) else { throw RPCError(.cancelled, "context canceled") }
    }
}

extension RPCError {
    /// The status that a handler's error becomes.
    init(serving error: any Error) {
        switch error {
        case let error as RPCError:
            self = error.code == .ok ? RPCError(.unknown, error.message) : error
        case let error as any RPCErrorConvertible:
            self = error.rpcError
        case is CancellationError:
            self = RPCError(.cancelled, "context canceled")
        default:
            self = RPCError(.unknown, "\(error)")
        }
        // HTTP/2 bounds the size of a header list; what is cut here would be refused by clients.
        if message.utf8.count > 16384 { message = String(message.prefix(8192)) + "..." }
    }
}
