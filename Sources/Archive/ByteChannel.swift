import Synchronization

/// Carries bytes between asynchronous code and a thread that blocks, with a bound on what waits in between.
///
/// An archive that arrives over a connection is sent in with `send` and read with `receive` as a `ByteSource`; an archive
/// that is to leave over a connection is written with `put` and taken out with `next`. One sender, one receiver.
public final class ByteChannel: Sendable {
    private struct State {
        var chunks: [[UInt8]] = []
        var waiting = 0
        var ended = false
        var failure: (any Error)?
        var blocked: [Waiter] = []
        var suspended: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: bytes that may wait before the sender has to.
    public init(limit: Int = 1 << 20) {
        self.limit = limit
    }

    /// Hands `chunk` over; suspends while the channel is full.
    ///
    /// - Throws: what the receiver gave to `fail`, or `ArchiveError.cancelled` after it ended.
    public func send(_ chunk: [UInt8]) async throws {
        while try !push(chunk) { await suspend { $0.waiting >= self.limit && $0.failure == nil && !$0.ended } }
    }

    /// Hands `chunk` over; blocks the thread while the channel is full.
    public func put(_ chunk: [UInt8]) throws {
        while try !push(chunk) { block { $0.waiting >= self.limit && $0.failure == nil && !$0.ended } }
    }

    /// The next bytes; blocks the thread until there are some. Empty at the end.
    public func receive() throws -> [UInt8] {
        while true {
            if let chunk = try pop() { return chunk }
            block { $0.chunks.isEmpty && $0.failure == nil && !$0.ended }
        }
    }

    /// The next bytes, or nil at the end; suspends until there are some.
    public func next() async throws -> [UInt8]? {
        while true {
            if let chunk = try pop() { return chunk.isEmpty ? nil : chunk }
            await suspend { $0.chunks.isEmpty && $0.failure == nil && !$0.ended }
        }
    }

    /// Says that no more bytes follow.
    public func end() {
        change { $0.ended = true }
    }

    /// Ends the stream for both sides with `error`.
    public func fail(_ error: any Error) {
        change {
            if $0.failure == nil { $0.failure = error }
        }
    }

    private func push(_ chunk: [UInt8]) throws -> Bool {
        if chunk.isEmpty { return true }
        let (done, wake) = try state.withLock { state in
            if let failure = state.failure { throw failure }
            if state.ended { throw ArchiveError.cancelled }
            guard state.waiting < limit else { return (false, Wake()) }
            state.chunks.append(chunk)
            state.waiting += chunk.count
            return (true, Wake(&state.blocked, &state.suspended))
        }
        wake.run()
        return done
    }

    private func pop() throws -> [UInt8]? {
        let (chunk, wake): ([UInt8]?, Wake) = try state.withLock { state in
            if let failure = state.failure { throw failure }
            guard !state.chunks.isEmpty else { return (state.ended ? [] : nil, Wake()) }
            let chunk = state.chunks.removeFirst()
            state.waiting -= chunk.count
            return (chunk, Wake(&state.blocked, &state.suspended))
        }
        wake.run()
        return chunk
    }

    private func change(_ body: (inout sending State) -> Void) {
        let wake = state.withLock { state in
            body(&state)
            return Wake(&state.blocked, &state.suspended)
        }
        wake.run()
    }

    private func block(while condition: (borrowing State) -> Bool) {
        let waiter: Waiter? = state.withLock { state in
            guard condition(state) else { return nil }
            let waiter = Waiter()
            state.blocked.append(waiter)
            return waiter
        }
        waiter?.wait()
    }

    private func suspend(while condition: @Sendable (borrowing State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let wait = state.withLock { state in
                guard condition(state) else { return false }
                state.suspended.append(continuation)
                return true
            }
            if !wait { continuation.resume() }
        }
    }

    private struct Wake: Sendable {
        var blocked: [Waiter] = []
        var suspended: [CheckedContinuation<Void, Never>] = []

        init() {}
        init(_ blocked: inout [Waiter], _ suspended: inout [CheckedContinuation<Void, Never>]) {
            swap(&self.blocked, &blocked)
            swap(&self.suspended, &suspended)
        }

        func run() {
            blocked.forEach { $0.wake() }
            suspended.forEach { $0.resume() }
        }
    }
}
