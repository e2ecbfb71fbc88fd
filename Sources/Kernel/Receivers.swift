// Threads: unsafe pointers at the C boundary.
import CKernel
import Glibc
import Host
import SystemPackage

/// The threads that take notified calls from the host.
///
/// Until its call is taken, a caller's wait is one that any signal ends, and a handler without SA_RESTART then sees
/// EINTR where no such call may give it; once taken, only death ends it (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV). So
/// calls are taken at once, also while another one is being answered: whoever takes a call answers it if the kernel is
/// free, and else leaves it to whoever is busy.
final class Receivers: @unchecked Sendable {
    private let listener: CInt
    /// The big lock: all of the kernel's state belongs to who holds it.
    private let kernelLock = Mutex()
    private let queueLock = Mutex()
    private var queue: [seccomp_notif] = []
    private var answer: (seccomp_notif) -> Void = { _ in }
    /// Calls answered so far. Under the big lock.
    private(set) var count = 0
    /// The host numbers calls one by one.
    private var firstID: UInt64?
    private var lastID: UInt64 = 0

    /// Calls that were given up before they could be taken. Under the big lock.
    var lost: Int {
        guard let firstID else { return 0 }
        return Int(lastID &- firstID) + 1 - count
    }

    init(listener: CInt) {
        self.listener = listener
    }

    /// Starts taking calls, each to be answered by `answer`, which runs under the big lock.
    /// - Throws: `HostError` when there can be no threads.
    func start(_ answer: @escaping (seccomp_notif) -> Void) throws(HostError) {
        self.answer = answer
        ukk_be_prompt()
        for _ in 0..<2 {
            guard Thread.start(stackSize: 512 << 10, nil, { [self] in receive() }) == 0 else {
                throw HostError.last("start", "thread")
            }
        }
    }

    /// Runs `body` with the kernel's state to itself.
    func withKernel(_ body: () -> Void) {
        kernelLock.lock()
        body()
        release()
    }

    private func receive() {
        ukk_be_prompt()
        var notification = seccomp_notif()
        while true {
            switch ukk_receive(listener, &notification) {
            case 0: take(notification)
            case -EINTR, -ENOENT:
                // The caller is gone, or all are.
                if ukk_is_deserted(listener) != 0 { return }
            default: return
            }
        }
    }

    @inline(__always)
    private func take(_ notification: seccomp_notif) {
        if kernelLock.tryLock() {
            begin(notification)
        } else {
            queueLock.lock()
            queue.append(notification)
            queueLock.unlock()
            guard kernelLock.tryLock() else { return }
        }
        release()
    }

    @inline(__always)
    private func begin(_ notification: seccomp_notif) {
        count += 1
        if firstID == nil { firstID = notification.id }
        lastID = max(lastID, notification.id)
        answer(notification)
    }

    /// Answers what was queued meanwhile, and frees the kernel.
    private func release() {
        while true {
            while let next = takeQueued() {
                begin(next)
            }
            kernelLock.unlock()
            // One that was queued after the last look found the lock taken: its receiver relies on this one.
            guard hasQueued, kernelLock.tryLock() else { return }
        }
    }

    private var hasQueued: Bool {
        queueLock.lock()
        defer { queueLock.unlock() }
        return !queue.isEmpty
    }

    private func takeQueued() -> seccomp_notif? {
        queueLock.lock()
        defer { queueLock.unlock() }
        return queue.isEmpty ? nil : queue.removeFirst()
    }
}

/// A mutex of the C library's.
final class Mutex: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { pthread_mutex_init(mutex, nil) }
    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    @inline(__always) func lock() { pthread_mutex_lock(mutex) }
    @inline(__always) func unlock() { pthread_mutex_unlock(mutex) }
    @inline(__always) func tryLock() -> Bool { pthread_mutex_trylock(mutex) == 0 }
}

/// A detached thread of the C library's.
enum Thread {
    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// 0, or an error number. `thread` gets the new one's handle.
    static func start(
        stackSize: Int, _ thread: UnsafeMutablePointer<pthread_t>?, _ body: @escaping () -> Void
    ) -> CInt {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        defer { pthread_attr_destroy(&attributes) }
        var handle = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let result = pthread_create(
            &handle, &attributes,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if result != 0 { work.release() }
        thread?.pointee = handle
        return result
    }
}
