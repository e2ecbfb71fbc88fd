// Unsafe pointers: receiving into a buffer.
import CHost
import ContainerdAPI
import Dispatch
import Glibc
import Host
import Logging
import RPC
import SwiftProtobuf
import SystemPackage
import TTRPC

/// The ttrpc socket to which shims forward their events (`containerd.services.events.ttrpc.v1`).
///
/// Everything happens on one queue: the events of a shim stay in order.
final class EventsSocket: @unchecked Sendable {
    private let events: EventExchange
    private let log: Logger
    private let path: FilePath
    private let queue = DispatchQueue(label: "shim-events")
    private var listener: (any DispatchSourceRead)?
    private var connections: [ObjectIdentifier: Connection] = [:]

    init(path: FilePath, events: EventExchange, log: Logger) {
        self.path = path
        self.events = events
        self.log = log
    }

    /// Listens, replacing a socket that nobody listens on.
    func start() throws {
        let socket = try UnixSocket.listen(path)
        _ = ukh_set_nonblocking(socket.rawValue, 1)
        let source = DispatchSource.makeReadSource(fileDescriptor: socket.rawValue, queue: queue)
        source.setEventHandler { [unowned self] in accept(socket) }
        source.setCancelHandler { try? socket.close() }
        queue.sync { listener = source }
        source.activate()
    }

    /// Stops listening and hangs up.
    func stop() {
        queue.sync {
            listener?.cancel()
            listener = nil
            for connection in connections.values { connection.source.cancel() }
            connections = [:]
            unlink(path.string)
        }
    }

    private func accept(_ listener: FileDescriptor) {
        while let socket = try? UnixSocket.accept(listener) {
            guard UnixSocket.isTrusted(socket) else {
                try? socket.close()
                continue
            }
            _ = ukh_set_nonblocking(socket.rawValue, 1)
            let source = DispatchSource.makeReadSource(fileDescriptor: socket.rawValue, queue: queue)
            let connection = Connection(socket: socket, source: source)
            let id = ObjectIdentifier(connection)
            connections[id] = connection
            source.setEventHandler { [unowned self, unowned connection] in
                if !receive(connection) {
                    connection.source.cancel()
                    connections[id] = nil
                }
            }
            source.setCancelHandler { try? socket.close() }
            source.activate()
        }
    }

    /// - Returns: whether the connection lives on.
    private func receive(_ connection: Connection) -> Bool {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
        defer { room.deallocate() }
        let count = recv(connection.socket.rawValue, room.baseAddress, room.count, CInt(MSG_DONTWAIT))
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        guard count > 0 else { return false }
        for call in connection.state.receive(UnsafeRawBufferPointer(rebasing: room[..<count])) {
            connection.state.respond(call.stream, answer(call.request))
        }
        return flush(connection)
    }

    private func answer(_ request: Request) -> Result<[UInt8], TTRPCError> {
        guard request.service == TTRPCEventsService.name else {
            return .failure(TTRPCError(.unimplemented, "service \(request.service)"))
        }
        guard request.method == "Forward" else {
            return .failure(TTRPCError(.unimplemented, "method \(request.method)"))
        }
        do {
            let message = try Containerd_Services_Events_Ttrpc_V1_ForwardRequest(serializedBytes: request.payload)
            log.debug(
                "event forwarded",
                metadata: ["topic": "\(message.envelope.topic)", "namespace": "\(message.envelope.namespace)"])
            try events.forward(message.envelope)
            return .success([])
        } catch let error as RPCError {
            return .failure(TTRPCError(StatusCode(rawValue: error.code.rawValue) ?? .unknown, error.message))
        } catch {
            return .failure(TTRPCError(.invalidArgument, "\(error)"))
        }
    }

    /// Sends what waits. Answers are a few bytes: a peer that does not take them within a second is hung up on.
    private func flush(_ connection: Connection) -> Bool {
        while !connection.state.output.isEmpty {
            let count = connection.state.output.withUnsafeBytes {
                send(connection.socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return false }
                var descriptor = pollfd(fd: connection.socket.rawValue, events: Int16(POLLOUT), revents: 0)
                guard poll(&descriptor, 1, 1000) > 0 else { return false }
                continue
            }
            connection.state.sent(count)
        }
        return true
    }

    private final class Connection {
        let socket: FileDescriptor
        let source: any DispatchSourceRead
        var state = ServerConnection()

        init(socket: FileDescriptor, source: any DispatchSourceRead) {
            self.socket = socket
            self.source = source
        }
    }
}
