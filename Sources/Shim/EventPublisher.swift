// Unsafe pointers: sending and receiving over a descriptor.
import CHost
import Glibc
import Host
import SystemPackage
import TTRPC

/// Forwards events to containerd's ttrpc socket, one after the other, in the order in which they happened.
///
/// While nobody answers there they are kept, and tried again: an event may come twice, but never out of order. Nothing
/// here waits for the other side.
final class EventPublisher {
    /// Events kept at the most; beyond it the oldest is lost.
    private static let limit = 2048
    private static let retryMilliseconds: UInt64 = 1000
    private static let answerMilliseconds: UInt64 = 10_000

    private let loop: EventLoop
    private let address: String
    private let namespace: String
    private var queue: [[UInt8]] = []
    private var connection: ClientConnection?
    private var socket: FileDescriptor?
    private var watch: EventLoop.Watch?
    private var isAwaitingAnswer = false
    private var answerTimer: EventLoop.TimerToken?
    private var retryTimer: EventLoop.TimerToken?
    private var emptied: (() -> Void)?

    /// A publisher towards `address`, a unix socket's path; with an empty one events are dropped.
    init(_ loop: EventLoop, address: String, namespace: String) {
        self.loop = loop
        self.address = address.hasPrefix("unix://") ? String(address.dropFirst("unix://".count)) : address
        self.namespace = namespace
    }

    /// Queues an event that has just happened.
    func publish(_ event: TaskEvent) {
        guard !address.isEmpty else { return }
        if queue.count == EventPublisher.limit { queue.remove(at: isAwaitingAnswer ? 1 : 0) }
        queue.append(event.forwardRequest(namespace: namespace, at: .now()))
        sendNext()
    }

    /// Calls `completion` when everything has been forwarded.
    func whenEmpty(_ completion: @escaping () -> Void) {
        if queue.isEmpty { completion() } else { emptied = completion }
    }

    private func sendNext() {
        guard !isAwaitingAnswer, retryTimer == nil, let event = queue.first else { return }
        do {
            try connect()
            _ = try connection?.call(
                Request(
                    service: "containerd.services.events.ttrpc.v1.Events", method: "Forward", payload: event,
                    timeoutNanoseconds: Int64(EventPublisher.answerMilliseconds) * 1_000_000,
                    metadata: [Request.KeyValue(Request.namespaceKey, namespace)]))
            isAwaitingAnswer = true
            answerTimer = loop.after(EventPublisher.answerMilliseconds) { [unowned self] in disconnect() }
            flush()
        } catch {
            disconnect()
        }
    }

    private func connect() throws {
        guard socket == nil else { return }
        let socket = try makeConnection()
        self.socket = socket
        connection = ClientConnection()
        watch = try loop.watch(socket.rawValue, .read) { [unowned self] interest in
            if interest.contains(.write) { flush() }
            if interest.contains(.read) { receive() }
        }
    }

    /// Connects without waiting, as far as the address fits into a socket's name: with a server that does not accept, a
    /// connect waits.
    private func makeConnection() throws -> FileDescriptor {
        var name = sockaddr_un()
        let fits = address.utf8.count < MemoryLayout.size(ofValue: name.sun_path)
        guard fits else {
            let socket = try UnixSocket.connect(FilePath(address))
            _ = ukh_set_nonblocking(socket.rawValue, 1)
            return socket
        }
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address.utf8) }
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = FileDescriptor(rawValue: Glibc.socket(AF_UNIX, kind, 0))
        guard socket.rawValue >= 0 else { throw HostError.last("create", "socket") }
        let failure = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if failure != 0 {
            let error = HostError.last("connect to", address)
            try? socket.close()
            throw error
        }
        return socket
    }

    /// Gives the connection up; what has not been acknowledged is sent again on the next.
    private func disconnect() {
        loop.cancel(answerTimer)
        answerTimer = nil
        isAwaitingAnswer = false
        if let watch { loop.unwatch(watch) }
        watch = nil
        try? socket?.close()
        socket = nil
        connection = nil
        guard retryTimer == nil, !queue.isEmpty else { return }
        retryTimer = loop.after(EventPublisher.retryMilliseconds) { [unowned self] in
            retryTimer = nil
            sendNext()
        }
    }

    private func flush() {
        guard let socket else { return }
        while let output = connection?.output, !output.isEmpty {
            let count = output.withUnsafeBytes { send(socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            guard count > 0 else { return disconnect() }
            connection?.sent(count)
        }
        if let watch { loop.change(watch, to: connection?.output.isEmpty == false ? [.read, .write] : .read) }
    }

    private func receive() {
        var room = [UInt8](repeating: 0, count: 4096)
        while let socket {
            let count = recv(socket.rawValue, &room, room.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return disconnect() }
            let answers = room.withUnsafeBytes {
                connection?.receive(UnsafeRawBufferPointer(rebasing: $0[..<count])) ?? []
            }
            for answer in answers { acknowledged(answer.result) }
        }
    }

    private func acknowledged(_ result: Result<[UInt8], TTRPCError>) {
        loop.cancel(answerTimer)
        answerTimer = nil
        isAwaitingAnswer = false
        // One that is refused would be refused again.
        if case .failure(let error) = result { Log.error("forward event: \(error)") }
        queue.removeFirst()
        if queue.isEmpty {
            queue = []
            emptied?()
            emptied = nil
        } else {
            sendNext()
        }
    }
}
