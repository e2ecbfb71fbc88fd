// Unsafe pointers: sending from and receiving into buffers.
import CHost
import Glibc
import Reactor
import Synchronization
import SystemPackage
import TTRPC

/// One shim's connection to the socket for events. What comes in is answered on the reactor's thread.
final class EventsConnection: Sendable {
    typealias Answer = @Sendable (Request) -> Result<[UInt8], TTRPCError>

    /// Answers are a few bytes: who leaves more than this lying is hung up on.
    private static let mostUnread = 64 << 10

    private let socket: FileDescriptor
    private let state = Mutex(ServerConnection())
    private let answer: Answer
    private let closed: @Sendable (EventsConnection) -> Void

    /// - Parameters:
    ///   - socket: becomes the connection's.
    ///   - answer: called once for each call that comes in, in order.
    ///   - closed: called when the peer has gone.
    init(
        _ socket: FileDescriptor, answer: @escaping Answer, closed: @escaping @Sendable (EventsConnection) -> Void
    ) {
        self.socket = socket
        self.answer = answer
        self.closed = closed
        _ = ukh_set_nonblocking(socket.rawValue, 1)
    }

    deinit { try? socket.close() }

    /// Hangs up. Not told to `closed`.
    func close() {
        Reactor.shared.remove(self)
        shutdown(socket.rawValue, CInt(SHUT_RDWR))
    }

    /// - Returns: whether the connection lives on.
    private func receive(into room: UnsafeMutableRawBufferPointer) -> Bool {
        while true {
            let count = recv(socket.rawValue, room.baseAddress, room.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return flush() }
            guard count > 0 else { return false }
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count])
            for call in state.withLock({ $0.receive(bytes) }) {
                let result = answer(call.request)
                state.withLock { $0.respond(call.stream, result) }
            }
            guard flush() else { return false }
        }
    }

    /// Sends what the socket takes; the reactor calls again when it takes more.
    private func flush() -> Bool {
        state.withLock { $0.flush(to: socket) && $0.output.count <= Self.mostUnread }
    }
}

extension EventsConnection: ReactorClient {
    var descriptor: CInt { socket.rawValue }

    func handleReadiness(into room: UnsafeMutableRawBufferPointer) {
        guard !receive(into: room) else { return }
        close()
        closed(self)
    }
}
