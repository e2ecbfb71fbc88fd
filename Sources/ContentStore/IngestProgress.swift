import Archive
import RPC
import Synchronization

/// How far a write has got, for those who follow it.
final class IngestProgress: Sendable {
    private struct State {
        var written: Int64 = 0
        /// The digest under which the blob was committed, or why it will not be.
        var outcome: Result<String, RPCError>?
        var waiting: [Waiter] = []
    }

    private let state = Mutex(State())

    /// So many bytes can be read.
    func advance(to written: Int64) {
        change { $0.written = written }
    }

    /// The write has ended. Only the first end counts.
    func end(_ outcome: Result<String, RPCError>) {
        change { if $0.outcome == nil { $0.outcome = outcome } }
    }

    /// Blocks until there are more than `offset` bytes.
    ///
    /// - Returns: how many there are; nil when there are no more and the blob has been verified and committed as `digest`.
    /// - Throws: `RPCError`: why the blob was not committed; failed precondition when it is another one.
    func wait(beyond offset: Int64, of digest: String) throws -> Int64? {
        while true {
            let waiter = Waiter()
            let (written, outcome) = state.withLock { state in
                if state.written <= offset, state.outcome == nil { state.waiting.append(waiter) }
                return (state.written, state.outcome)
            }
            // Who has read what is no blob's is told so, and not given more.
            if case .failure(let error) = outcome { throw error }
            if written > offset { return written }
            guard case .success(let committed) = outcome else {
                waiter.wait()
                continue
            }
            guard committed == digest else {
                throw RPCError.failedPrecondition("unexpected commit digest \(committed), expected \(digest)")
            }
            return nil
        }
    }

    private func change(_ body: (inout sending State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        waiting.forEach { $0.wake() }
    }
}
