import NIOCore
import Synchronization

/// The bytes that a client sends, on their way from the event loop to the task that serves it: at most one reader. When
/// more than `highWater` bytes wait, the connection is no longer read, until the reader has taken them.
final class InboundBytes: Sendable {
    static let highWater = 256 << 10

    private enum End {
        case open
        case finished
        case failed(any Error)
    }

    private struct State {
        var chunks: [ByteBuffer] = []
        var waiting = 0
        var paused = false
        var discarding = false
        var end = End.open
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let state = Mutex(State())
    /// Turns reading of the connection on or off.
    private let setReading: @Sendable (Bool) -> Void

    init(setReading: @escaping @Sendable (Bool) -> Void) { self.setReading = setReading }

    /// Takes bytes from the connection.
    func push(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        let pause = state.withLock { state in
            if state.discarding { return false }
            if let reader = state.reader {
                state.reader = nil
                reader.resume(returning: bytes)
                return false
            }
            state.chunks.append(bytes)
            state.waiting += bytes.readableBytes
            guard state.waiting > InboundBytes.highWater, !state.paused else { return false }
            state.paused = true
            return true
        }
        if pause { setReading(false) }
    }

    /// Ends the stream; with an error when the client broke it off.
    func finish(_ error: (any Error)? = nil) {
        state.withLock { state in
            guard case .open = state.end else { return }
            state.end = error.map { .failed($0) } ?? .finished
            guard let reader = state.reader else { return }
            state.reader = nil
            if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
        }
    }

    /// Drops what waits and what is yet to come.
    func discard() {
        let resume = state.withLock { state in
            state.discarding = true
            state.chunks = []
            state.waiting = 0
            defer { state.paused = false }
            return state.paused
        }
        if resume { setReading(true) }
    }

    /// The next bytes; nil at the end.
    ///
    /// - Throws: `CancellationError`, or the error with which the client broke off.
    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let resume = state.withLock { state in
                    if !state.chunks.isEmpty {
                        let all = state.chunks.count == 1 ? state.chunks[0] : ByteBuffer(state.chunks)
                        state.chunks.removeAll(keepingCapacity: true)
                        state.waiting = 0
                        continuation.resume(returning: all)
                        defer { state.paused = false }
                        return state.paused
                    }
                    switch state.end {
                    case .finished: continuation.resume(returning: nil)
                    case .failed(let error): continuation.resume(throwing: error)
                    case .open:
                        precondition(state.reader == nil, "two readers of one stream of bytes")
                        if Task.isCancelled {
                            continuation.resume(throwing: CancellationError())
                        } else {
                            state.reader = continuation
                        }
                    }
                    return false
                }
                if resume { setReading(true) }
            }
        } onCancel: {
            state.withLock { state in
                let reader = state.reader
                state.reader = nil
                reader?.resume(throwing: CancellationError())
            }
        }
    }
}

extension ByteBuffer {
    fileprivate init(_ parts: [ByteBuffer]) {
        self.init()
        reserveCapacity(parts.reduce(0) { $0 + $1.readableBytes })
        for part in parts { writeImmutableBuffer(part) }
    }
}
