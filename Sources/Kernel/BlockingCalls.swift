import CKernel
import Glibc
import SystemPackage

/// Calls that have to wait (a fifo's open, a connect): each waits on a thread of its own in the caller's place.
///
/// A caller that is killed, or has a signal to handle, must not wait on: the loop looks after that, and ends the
/// thread's wait with a signal of its own.
package final class BlockingCalls: @unchecked Sendable {
    private final class Wait: @unchecked Sendable {
        let call: CallContext
        var thread = pthread_t()
        var isDone = false

        init(_ call: CallContext) { self.call = call }
    }

    private var waits: [Wait] = []
    private let lock = Mutex()
    private let events: EventQueue
    /// Interrupts a thread's wait, and does nothing else. The last of the real-time signals: others may come from outside for
    /// the container's first process (`Kernel.standForFirst`).
    static let interruption: CInt = 64

    init(events: EventQueue) {
        self.events = events
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(BlockingCalls.interruption, &action, nil)
    }

    /// Whether `supervise` has anything to do.
    var isEmpty: Bool { waits.isEmpty }

    /// Runs `body` on a thread of its own and answers the call with what it returns. A body that is interrupted returns
    /// `EINTR`: the caller's call is then given up and, as its signal handler has it, restarted.
    /// - Throws: `EAGAIN` when there can be no more threads.
    package func start(
        _ call: CallContext, _ body: @escaping @Sendable () -> Result<Reply, Errno>
    ) throws(Errno) -> Reply {
        let wait = Wait(call)
        lock.lock()
        let result = Thread.start(stackSize: 256 << 10, &wait.thread) { [lock] in
            var result = body()
            if case .failure(.interrupted) = result {
                result = .success(.restart)
                if wait.call.isWaiting {
                    wait.call.kernel.receivers.withKernel { _ = wait.call.kernel.givenUp.insert(wait.call.tid) }
                }
            }
            // Done before answered: once answered, the caller may be anywhere, and needs no looking after.
            lock.lock()
            wait.isDone = true
            lock.unlock()
            wait.call.reply(result)
        }
        if result == 0 { waits.append(wait) }
        lock.unlock()
        guard result == 0 else { throw .resourceTemporarilyUnavailable }
        events.wake()
        return .later
    }

    /// Whether a thread's call has been waited for until now. If the thread calls again, the host has given that call up.
    func isWaiting(_ tid: pid_t) -> Bool {
        guard !waits.isEmpty else { return false }
        lock.lock()
        defer { lock.unlock() }
        return waits.contains { !$0.isDone && $0.call.tid == tid }
    }

    /// Ends the waits of callers that are gone or have a signal to handle. For the loop, some fifty times a second.
    func supervise() {
        lock.lock()
        waits.removeAll { $0.isDone }
        for wait in waits where !wait.call.isWaiting || hasSignal(wait.call.tid) {
            pthread_kill(wait.thread, BlockingCalls.interruption)
        }
        lock.unlock()
    }

    private func hasSignal(_ tid: pid_t) -> Bool {
        guard let status = HostProcess.status(of: tid) else { return true }
        return (status.pending | status.sharedPending) & ~status.blocked != 0
    }
}
