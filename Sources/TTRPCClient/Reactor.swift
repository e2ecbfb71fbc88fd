// Unsafe pointers: epoll's events, and the receive buffer of the one thread.
import CPoll
import Glibc
import Synchronization

/// The one thread that waits for all connections of the process.
final class Reactor: Sendable {
    /// What the reactor asks of a connection.
    protocol Client: AnyObject, Sendable {
        var descriptor: CInt { get }
        /// When the earliest call gives up, in nanoseconds of the monotonic clock.
        var nextDeadline: UInt64? { get }
        func handleReadiness(into room: UnsafeMutableRawBufferPointer)
        func handleDeadline(_ now: UInt64)
    }

    static let shared = Reactor()

    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    private let alarm = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    private let clients = Mutex<[UInt64: any Client]>([:])
    private let lastToken = Atomic<UInt64>(0)

    private init() {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 0))
        epoll_ctl(epoll, EPOLL_CTL_ADD, alarm, &event)
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 << 10)
        let failure = pthread_create(&thread, &attributes, { _ in Reactor.shared.run() }, nil)
        precondition(failure == 0, "cannot create the ttrpc thread: \(failure)")
        pthread_attr_destroy(&attributes)
    }

    static func now() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// Begins to wait for `client`, and keeps it alive until `remove`.
    func add(_ client: any Client) throws {
        let token = lastToken.wrappingAdd(1, ordering: .relaxed).newValue
        clients.withLock { $0[token] = client }
        var event = epoll_event(
            events: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue,
            data: epoll_data_t(u64: token))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, client.descriptor, &event) == 0 else {
            _ = clients.withLock { $0.removeValue(forKey: token) }
            throw ReactorError(errno: errno)
        }
    }

    /// Stops waiting for `client`.
    func remove(_ client: any Client) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, client.descriptor, nil)
        let removed = clients.withLock { clients in
            clients.first { $0.value === client }.flatMap { clients.removeValue(forKey: $0.key) }
        }
        withExtendedLifetime(removed) {}
    }

    /// Makes the thread look at the deadlines anew.
    func wake() {
        var one: UInt64 = 1
        write(alarm, &one, MemoryLayout<UInt64>.size)
    }

    private func run() -> UnsafeMutableRawPointer? {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let deadline = clients.withLock { Array($0.values) }.compactMap(\.nextDeadline).min()
            var timeout: CInt = -1
            if let deadline {
                let now = Reactor.now()
                timeout = deadline <= now ? 0 : CInt(clamping: (deadline - now + 999_999) / 1_000_000)
            }
            let count = epoll_wait(epoll, &events, CInt(events.count), timeout)
            for event in events.prefix(Int(max(count, 0))) {
                if event.data.u64 == 0 {
                    var value: UInt64 = 0
                    read(alarm, &value, MemoryLayout<UInt64>.size)
                } else if let client = clients.withLock({ $0[event.data.u64] }) {
                    client.handleReadiness(into: room)
                }
            }
            if let deadline {
                let now = Reactor.now()
                if deadline <= now {
                    for client in clients.withLock({ Array($0.values) }) { client.handleDeadline(now) }
                }
            }
        }
    }
}

/// epoll would not take a descriptor.
struct ReactorError: Error, CustomStringConvertible {
    var errno: CInt
    var description: String { "wait for socket: \(String(cString: strerror(errno)))" }
}
