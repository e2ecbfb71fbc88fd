import CKernel
import Glibc
import Host
import SystemPackage

/// The descriptors that the kernel's loop waits on (epoll(7)).
final class EventQueue {
    /// What a descriptor stands for.
    enum Kind: UInt32 {
        case call = 1
        case ended
        case nursery
        case control
        case connection
        case unborn
    }

    struct Event {
        var kind: Kind
        var value: UInt32
        var isHangUp: Bool
    }

    private let descriptor: CInt
    private var ready = [epoll_event](repeating: epoll_event(), count: 16)
    /// Called when nothing has happened for a while after something did.
    var onIdle: () -> Void = {}
    private var isWarm = true
    /// When `onDeadline` is called, once.
    var deadline: Deadline?
    var onDeadline: () -> Void = {}

    init() throws(HostError) {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw HostError.last("create", "event queue") }
    }

    func add(_ fd: CInt, _ kind: Kind, _ value: UInt32 = 0) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = UInt64(kind.rawValue) << 32 | UInt64(value)
        epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &event)
    }

    func remove(_ fd: CInt) {
        epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, nil)
    }

    /// Waits for events and says how many there are; with a deadline no longer than that.
    /// - Parameter limit: milliseconds, or -1.
    func wait(atMost limit: CInt) -> Int {
        var timeout = limit
        if let deadline {
            let left = CInt(max(0, deadline.millisecondsLeft))
            timeout = limit < 0 ? left : min(left, limit)
            if left == 0 {
                self.deadline = nil
                onDeadline()
            }
        }
        let rests = timeout < 0 && isWarm
        let count = epoll_wait(descriptor, &ready, CInt(ready.count), rests ? 1000 : timeout)
        if count > 0 {
            isWarm = true
        } else if count == 0, rests {
            isWarm = false
            onIdle()
        }
        return max(0, Int(count))
    }

    subscript(_ index: Int) -> Event {
        let event = ready[index]
        let data = event.data.u64
        return Event(
            kind: Kind(rawValue: UInt32(data >> 32)) ?? .call, value: UInt32(truncatingIfNeeded: data),
            isHangUp: event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
                && event.events & EPOLLIN.rawValue == 0)
    }
}

/// A moment of the monotonic clock.
struct Deadline: Sendable {
    private var milliseconds: Int

    static func now() -> Deadline {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Deadline(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }

    static func + (deadline: Deadline, duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        return Deadline(
            milliseconds: deadline.milliseconds + Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    var millisecondsLeft: Int { milliseconds - Deadline.now().milliseconds }
}
