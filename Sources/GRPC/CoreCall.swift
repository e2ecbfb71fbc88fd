// Unsafe: owns a call of the C core.
import CGRPC
import Synchronization

/// A call of the C core, either side's: reads one message at a time, writes in the order of asking.
final class CoreCall: @unchecked Sendable {
    let raw: OpaquePointer
    /// Keeps the queue's thread (and a client's channel) alive as long as the call may have operations under way.
    private let owner: AnyObject & Sendable
    private let reading = Mutex(Reading())
    private let writing = Mutex(Writing())

    /// Takes over the caller's reference to `raw`.
    init(raw: OpaquePointer, owner: AnyObject & Sendable) {
        self.raw = raw
        self.owner = owner
    }

    deinit { grpc_call_unref(raw) }

    /// Ends the call from this side; what is under way completes without success.
    func cancel() { grpc_call_cancel(raw, nil) }

    // MARK: Reading

    private struct Reading {
        var underWay = false
        /// Came while nobody waited any more.
        var left: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    /// What a read brought.
    enum Outcome: Sendable {
        case message([UInt8])
        case end
        case abandoned
    }

    /// The next message, or nil at the end of the peer's stream (for a client: also when the call failed).
    ///
    /// - Throws: `CancellationError` when the task was cancelled while it waited. The message then stays for the next
    ///   reader.
    func read() async throws -> [UInt8]? {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                if Task.isCancelled { return continuation.resume(returning: .abandoned) }
                var ready: Outcome?
                let begin = reading.withLock { state in
                    precondition(state.waiter == nil, "two tasks read from one stream")
                    if let left = state.left {
                        ready = left
                        // The end stays the end.
                        if case .message = left { state.left = nil }
                        return false
                    }
                    state.waiter = continuation
                    defer { state.underWay = true }
                    return !state.underWay
                }
                if let ready { continuation.resume(returning: ready) }
                if begin { startReading() }
                // A cancellation may have come between the check above and the waiter's entry.
                if Task.isCancelled { abandonReading() }
            }
        } onCancel: {
            abandonReading()
        }
        switch outcome {
        case .message(let bytes): return bytes
        case .end: return nil
        case .abandoned: throw CancellationError()
        }
    }

    private func startReading() {
        let batch = Batch()
        batch.receiveMessage()
        batch.start(on: self) { success in
            let outcome: Outcome = if success, let message = batch.message { .message(message) } else { .end }
            let waiter = self.reading.withLock { state -> CheckedContinuation<Outcome, Never>? in
                state.underWay = false
                defer { state.waiter = nil }
                if case .end = outcome { state.left = outcome } else if state.waiter == nil { state.left = outcome }
                return state.waiter
            }
            waiter?.resume(returning: outcome)
        }
    }

    private func abandonReading() {
        let waiter = reading.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: .abandoned)
    }

    // MARK: Writing

    private struct Writing {
        var underWay = false
        var queue: [(Batch, @Sendable (Bool) -> Void)] = []
    }

    /// Starts `batch` after the writes asked for before; the core takes one at a time.
    func write(_ batch: Batch) async -> Bool {
        await withCheckedContinuation { continuation in
            enqueue(batch) { continuation.resume(returning: $0) }
        }
    }

    func enqueue(_ batch: Batch, _ then: @escaping @Sendable (Bool) -> Void) {
        let begin = writing.withLock { state in
            if state.underWay {
                state.queue.append((batch, then))
                return false
            }
            state.underWay = true
            return true
        }
        if begin { startWriting(batch, then) }
    }

    private func startWriting(_ batch: Batch, _ then: @escaping @Sendable (Bool) -> Void) {
        batch.start(on: self) { success in
            then(success)
            let next = self.writing.withLock { state -> (Batch, @Sendable (Bool) -> Void)? in
                if state.queue.isEmpty {
                    state.underWay = false
                    return nil
                }
                return state.queue.removeFirst()
            }
            if let next { self.startWriting(next.0, next.1) }
        }
    }
}
