// Threads: unsafe pointers at the C boundary.
import CKernel
import Glibc
import Host
import Synchronization
import SystemPackage

/// The threads that take notified calls from the host.
///
/// Until its call is taken, a caller's wait is one that any signal ends, and a handler without SA_RESTART then sees
/// EINTR where no such call may give it; once taken, only death ends it (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV). So
/// calls are taken soon, also while another one is being answered: whoever takes a call answers it if the kernel is
/// free, and else leaves it to whoever is busy.
///
/// The host wakes all threads that wait for calls, for each call: a second one would cost as much as a call again. So one
/// thread takes calls, and a second one only while the first has been at the same call for a while.
final class Receivers: @unchecked Sendable {
    private let listener: CInt
    /// The big lock: all of the kernel's state belongs to who holds it.
    private let kernelLock = Mutex()
    private let queueLock = Mutex()
    private var queue: [seccomp_notif] = []
    /// How many are in `queue`.
    private let queued = Atomic<Int>(0)
    /// Grows when the first thread begins with a call, and when it is done with it: odd while it is busy.
    private let turns = Atomic<UInt>(0)
    /// The second thread waits for `alarm`: nobody has called for a while.
    private let isSecondResting = Atomic<Bool>(false)
    private let alarm = Semaphore()
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
        for body in [receive, standBy] {
            guard Thread.start(stackSize: 512 << 10, nil, body) == 0 else { throw HostError.last("start", "thread") }
        }
    }

    /// Runs `body` with the kernel's state to itself.
    func withKernel(_ body: () -> Void) {
        kernelLock.lock()
        body()
        release()
    }

    /// The first thread.
    private func receive() {
        ukk_be_prompt()
        var notification = seccomp_notif()
        while true {
            switch ukk_receive(listener, &notification) {
            case 0:
                turns.add(1, ordering: .relaxed)
                if isSecondResting.load(ordering: .relaxed) { wakeSecond() }
                take(notification)
                turns.add(1, ordering: .relaxed)
            case -EINTR, -ENOENT:
                // The caller is gone, or all are.
                if ukk_is_deserted(listener) != 0 { return }
            default: return
            }
        }
    }

    private func wakeSecond() {
        isSecondResting.store(false, ordering: .relaxed)
        alarm.post()
    }

    /// The second thread: looks every other millisecond whether the first is still at the same call, and then takes
    /// what comes meanwhile.
    private func standBy() {
        ukk_be_prompt()
        var notification = seccomp_notif()
        var (seen, quietLooks) = (UInt(0), 0)
        while true {
            if quietLooks == 50 {
                quietLooks = 0
                isSecondResting.store(true, ordering: .relaxed)
                alarm.wait()
            }
            usleep(2000)
            let now = turns.load(ordering: .relaxed)
            quietLooks = now == seen ? quietLooks + 1 : 0
            while now & 1 == 1, seen == now, turns.load(ordering: .relaxed) == now {
                switch ukk_receive(listener, &notification) {
                case 0: take(notification)
                case -EINTR, -ENOENT:
                    if ukk_is_deserted(listener) != 0 { return }
                default: return
                }
            }
            seen = now
        }
    }

    @inline(__always)
    private func take(_ notification: seccomp_notif) {
        if kernelLock.tryLock() {
            begin(notification)
        } else {
            queueLock.lock()
            queue.append(notification)
            queued.add(1, ordering: .sequentiallyConsistent)
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
    @inline(__always)
    private func release() {
        while true {
            while queued.load(ordering: .sequentiallyConsistent) > 0 { answerQueued() }
            kernelLock.unlock()
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            // One that was queued after the last look found the lock taken: its receiver relies on this one.
            guard queued.load(ordering: .sequentiallyConsistent) > 0, kernelLock.tryLock() else { return }
        }
    }

    private func answerQueued() {
        queueLock.lock()
        let calls = queue
        queue.removeAll()
        queued.store(0, ordering: .sequentiallyConsistent)
        queueLock.unlock()
        for call in calls { begin(call) }
    }
}

/// A semaphore of the C library's.
final class Semaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func post() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
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
