// Threads and their signals: unsafe pointers at the C boundary.
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
        let body: @Sendable () -> Result<Reply, Errno>
        let owner: BlockingCalls
        var thread = pthread_t()
        var isDone = false

        init(_ call: CallContext, _ owner: BlockingCalls, _ body: @escaping @Sendable () -> Result<Reply, Errno>) {
            self.call = call
            self.owner = owner
            self.body = body
        }
    }

    private var waits: [Wait] = []
    private var lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// Interrupts a thread's wait, and does nothing else.
    private static let interruption = SIGUSR1

    init() {
        pthread_mutex_init(lock, nil)
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
        let wait = Wait(call, self, body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 128 << 10)
        defer { pthread_attr_destroy(&attributes) }
        let reference = Unmanaged.passRetained(wait)
        pthread_mutex_lock(lock)
        let result = pthread_create(
            &wait.thread, &attributes,
            { argument in
                BlockingCalls.run(Unmanaged<Wait>.fromOpaque(argument!).takeRetainedValue())
                return nil
            }, reference.toOpaque())
        if result == 0 { waits.append(wait) } else { reference.release() }
        pthread_mutex_unlock(lock)
        guard result == 0 else { throw .resourceTemporarilyUnavailable }
        return .later
    }

    private static func run(_ wait: Wait) {
        var result = wait.body()
        if case .failure(.interrupted) = result { result = .success(.restart) }
        // Done before answered: once answered, the caller may be anywhere, and needs no looking after.
        pthread_mutex_lock(wait.owner.lock)
        wait.isDone = true
        pthread_mutex_unlock(wait.owner.lock)
        wait.call.reply(result)
    }

    /// Ends the waits of callers that are gone or have a signal to handle. For the loop, some fifty times a second.
    func supervise() {
        pthread_mutex_lock(lock)
        waits.removeAll { $0.isDone }
        for wait in waits where !wait.call.isWaiting || hasSignal(wait.call.tid) {
            pthread_kill(wait.thread, BlockingCalls.interruption)
        }
        pthread_mutex_unlock(lock)
    }

    private func hasSignal(_ tid: pid_t) -> Bool {
        guard let status = HostProcess.status(of: tid) else { return true }
        return (status.pending | status.sharedPending) & ~status.blocked != 0
    }
}
