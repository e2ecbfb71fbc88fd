import EngineAPI
import Synchronization

/// Hands a process's output to every client that is attached. A client that does not keep up holds back the process, as a
/// slow terminal would, once `highWater` bytes wait for it.
final class OutputHub: Sendable {
    static let highWater = 1 << 20

    private struct State {
        var subscriptions: [ObjectIdentifier: OutputSubscription] = [:]
        var finished = false
    }

    private let state = Mutex(State())

    /// Attaches; output from now on is handed over.
    func subscribe(stdout: Bool, stderr: Bool) -> OutputSubscription {
        let subscription = OutputSubscription(hub: self, stdout: stdout, stderr: stderr)
        let finished = state.withLock { state in
            if !state.finished { state.subscriptions[ObjectIdentifier(subscription)] = subscription }
            return state.finished
        }
        if finished { subscription.finish() }
        return subscription
    }

    fileprivate func drop(_ subscription: OutputSubscription) {
        state.withLock { $0.subscriptions[ObjectIdentifier(subscription)] = nil }
    }

    /// Hands `bytes` to all, and waits while one of them has too much waiting.
    func publish(_ stream: Frame.Stream, _ bytes: [UInt8]) async {
        let all = state.withLock { Array($0.subscriptions.values) }
        for subscription in all where subscription.wants(stream) {
            await subscription.push(Frame(stream, bytes))
        }
    }

    /// Ends every subscription. With `forever`, those to come end at once, too.
    func finish(forever: Bool = false) {
        let all = state.withLock { state in
            state.finished = state.finished || forever
            defer { state.subscriptions = [:] }
            return Array(state.subscriptions.values)
        }
        for subscription in all { subscription.finish() }
    }
}

/// One client's share of a process's output.
public final class OutputSubscription: Sendable {
    private struct State {
        var frames: [Frame] = []
        var waiting = 0
        var finished = false
        var reader: CheckedContinuation<[Frame]?, Never>?
        var writers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let hub: OutputHub
    private let stdout: Bool
    private let stderr: Bool

    fileprivate init(hub: OutputHub, stdout: Bool, stderr: Bool) {
        self.hub = hub
        self.stdout = stdout
        self.stderr = stderr
    }

    fileprivate func wants(_ stream: Frame.Stream) -> Bool { stream == .stderr ? stderr : stdout }

    fileprivate func push(_ frame: Frame) async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.finished { return continuation.resume() }
                if let reader = state.reader {
                    state.reader = nil
                    reader.resume(returning: [frame])
                    return continuation.resume()
                }
                state.frames.append(frame)
                state.waiting += frame.bytes.count
                if state.waiting > OutputHub.highWater {
                    state.writers.append(continuation)
                } else {
                    continuation.resume()
                }
            }
        }
    }

    fileprivate func finish() {
        let (reader, writers) = state.withLock { state in
            state.finished = true
            defer {
                state.reader = nil
                state.writers = []
            }
            return (state.reader, state.writers)
        }
        reader?.resume(returning: nil)
        for writer in writers { writer.resume() }
    }

    /// What has come since the last call; waits for something. Nil at the end, or when the calling task is cancelled.
    public func next() async -> [Frame]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let writers = state.withLock { state in
                    guard state.frames.isEmpty else {
                        continuation.resume(returning: state.frames)
                        state.frames = []
                        state.waiting = 0
                        defer { state.writers = [] }
                        return state.writers
                    }
                    if state.finished || Task.isCancelled {
                        continuation.resume(returning: nil)
                    } else {
                        state.reader = continuation
                    }
                    return []
                }
                for writer in writers { writer.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Detaches.
    public func cancel() {
        hub.drop(self)
        finish()
    }
}
