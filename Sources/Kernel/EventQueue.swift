import CKernel
import Glibc
import Host
import SystemPackage

/// The descriptors that the kernel's loop waits on (epoll(7)), beside the calls, which have their own threads.
final class EventQueue: @unchecked Sendable {
    /// What a descriptor stands for.
    enum Kind: UInt32 {
        /// Nobody is left who could call.
        case deserted = 1
        case ended
        case nursery
        case control
        case connection
        case unborn
        case wake
        /// A unix datagram socket has messages to pass on.
        case datagram
        /// This process has a signal that is meant for the container's first process.
        case signal
    }

    struct Event {
        var kind: Kind
        var value: UInt32
    }

    private let descriptor: CInt
    private let waker: CInt
    private var ready = [epoll_event](repeating: epoll_event(), count: 16)

    init() throws(HostError) {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw HostError.last("create", "event queue") }
        waker = ukk_eventfd()
        guard waker >= 0 else { throw HostError(Errno(rawValue: -waker), "create", "event descriptor") }
        add(waker, .wake)
    }

    /// Has the loop told when `fd` can be read, or (`hangUpOnly`) when its other end is gone.
    func add(_ fd: CInt, _ kind: Kind, _ value: UInt32 = 0, hangUpOnly: Bool = false) {
        var event = epoll_event()
        event.events = hangUpOnly ? 0 : EPOLLIN.rawValue
        event.data.u64 = UInt64(kind.rawValue) << 32 | UInt64(value)
        epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &event)
    }

    /// Has the loop told of other events of `fd` than before.
    /// - Parameter events: as in epoll_ctl(2).
    func change(_ fd: CInt, _ kind: Kind, _ value: UInt32, _ events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(kind.rawValue) << 32 | UInt64(value)
        epoll_ctl(descriptor, EPOLL_CTL_MOD, fd, &event)
    }

    func remove(_ fd: CInt) {
        epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, nil)
    }

    /// Ends the loop's wait. From any thread.
    func wake() {
        var one: UInt64 = 1
        write(waker, &one, 8)
    }

    /// Takes note that the loop woke up.
    func woke() {
        var count: UInt64 = 0
        read(waker, &count, 8)
    }

    /// Waits for events and says how many there are.
    /// - Parameter limit: milliseconds, or nil: as long as it takes.
    func wait(atMost limit: Int?) -> Int {
        max(0, Int(epoll_wait(descriptor, &ready, CInt(ready.count), limit.map { CInt(clamping: $0) } ?? -1)))
    }

    subscript(_ index: Int) -> Event {
        let data = ready[index].data.u64
        return Event(kind: Kind(rawValue: UInt32(data >> 32)) ?? .wake, value: UInt32(truncatingIfNeeded: data))
    }
}

/// A moment of the monotonic clock.
struct Deadline: Sendable {
    private var milliseconds: Int

    static func now() -> Deadline { Deadline(milliseconds: Int(MonotonicTime.now() / 1_000_000)) }

    static func after(milliseconds: Int) -> Deadline { Deadline(milliseconds: now().milliseconds + milliseconds) }

    var millisecondsLeft: Int { max(0, milliseconds - Deadline.now().milliseconds) }
}
