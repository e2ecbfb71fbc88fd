// Unsafe pointers: epoll's events, and the receive buffer of the one thread.
import CPoll
import Glibc
import Host
import Synchronization
import SystemPackage

/// What the reactor serves: a socket or fifo that does not block.
public protocol ReactorClient: AnyObject, Sendable {
    /// What is waited for; it stays open for as long as the client is known to the reactor.
    var descriptor: CInt { get }
    /// When to call `handleDeadline`, in nanoseconds of `MonotonicTime`; nil: not at all.
    var nextDeadline: UInt64? { get }
    /// Called on the reactor's thread when the descriptor has become readable or writable, or broken. It is told once: the
    /// client reads and writes until the descriptor would block.
    ///
    /// - Parameter room: memory to receive into, of the client's until it returns.
    func handleReadiness(into room: UnsafeMutableRawBufferPointer)
    /// Called on the reactor's thread when some client's deadline is over, with the time.
    func handleDeadline(_ now: UInt64)
}

extension ReactorClient {
    /// None.
    public var nextDeadline: UInt64? { nil }
    /// Nothing.
    public func handleDeadline(_ now: UInt64) {}
}

/// The one thread that waits for all connections of the process: edge-triggered epoll(7).
///
/// Dispatch's sources are no choice for sockets: where a peer hangs up while its source is being cancelled, libdispatch
/// ends the process.
public final class Reactor: Sendable {
    /// The process's reactor; its thread begins with the first use.
    public static let shared = Reactor()

    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    private let alarm = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    private let clients = Mutex<[UInt64: any ReactorClient]>([:])
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
        precondition(failure == 0, "cannot create the thread that waits for connections: \(failure)")
        pthread_attr_destroy(&attributes)
    }

    /// Begins to wait for `client`, and keeps it alive until `remove`.
    ///
    /// - Throws: `HostError` when epoll does not take the descriptor.
    public func add(_ client: any ReactorClient) throws {
        let token = lastToken.wrappingAdd(1, ordering: .relaxed).newValue
        clients.withLock { $0[token] = client }
        var event = epoll_event(
            events: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue,
            data: epoll_data_t(u64: token))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, client.descriptor, &event) == 0 else {
            let error = Errno(rawValue: errno)
            _ = clients.withLock { $0.removeValue(forKey: token) }
            throw HostError(error, "wait for", "descriptor \(client.descriptor)")
        }
    }

    /// Stops waiting for `client`.
    public func remove(_ client: any ReactorClient) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, client.descriptor, nil)
        let removed = clients.withLock { clients in
            clients.first { $0.value === client }.flatMap { clients.removeValue(forKey: $0.key) }
        }
        withExtendedLifetime(removed) {}
    }

    /// Makes the thread look at the deadlines anew.
    public func wake() {
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
                let now = MonotonicTime.now()
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
                let now = MonotonicTime.now()
                if deadline <= now {
                    for client in clients.withLock({ Array($0.values) }) { client.handleDeadline(now) }
                }
            }
        }
    }
}
