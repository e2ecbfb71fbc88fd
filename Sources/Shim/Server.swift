// Unsafe pointers: sending and receiving over descriptors.
import CHost
import Glibc
import Host
import SystemPackage
import TTRPC

/// The shim's socket: connections of clients, and their calls.
final class Server {
    /// Output that a client may leave unread before no more is read from it, in bytes.
    private static let backlogLimit = 1 << 20

    /// One client.
    private final class Connection {
        let socket: FileDescriptor
        var state = ServerConnection()
        var watch: EventLoop.Watch?
        var deadlines: [UInt32: EventLoop.TimerToken] = [:]

        init(_ socket: FileDescriptor) { self.socket = socket }
    }

    /// Called when a client has gone.
    var connectionClosed: () -> Void = {}

    private let loop: EventLoop
    private let listener: FileDescriptor
    private let handler: (Request, @escaping TaskService.Reply) -> Void
    private var connections: [Connection] = []
    private var listenerWatch: EventLoop.Watch?
    private var room = [UInt8](repeating: 0, count: 8192)

    /// Serves on `listener`, a listening socket.
    init(
        _ loop: EventLoop, listener: FileDescriptor, handler: @escaping (Request, @escaping TaskService.Reply) -> Void
    ) throws {
        self.loop = loop
        self.listener = listener
        self.handler = handler
        _ = ukh_set_nonblocking(listener.rawValue, 1)
        listenerWatch = try loop.watch(listener.rawValue, .read) { [unowned self] _ in accept() }
    }

    /// Whether a client is connected.
    var hasConnections: Bool { !connections.isEmpty }

    /// Whether an answer still waits to be sent.
    var hasOutput: Bool { connections.contains { !$0.state.output.isEmpty } }

    private func accept() {
        while true {
            let socket: FileDescriptor
            do { socket = try UnixSocket.accept(listener) } catch {
                if (error as? HostError)?.errno == .wouldBlock { return }
                // Out of descriptors, most likely: later there may be one again.
                Log.error("\(error)")
                guard let listenerWatch else { return }
                loop.change(listenerWatch, to: [])
                loop.after(1000) { [unowned self] in loop.change(listenerWatch, to: .read) }
                return
            }
            // The socket's mode keeps others out already; a descriptor may have been passed on.
            guard let peer = try? UnixSocket.peer(of: socket), peer.uid == geteuid() || peer.uid == 0 else {
                Log.error("refused a client of another user")
                try? socket.close()
                continue
            }
            _ = ukh_set_nonblocking(socket.rawValue, 1)
            let connection = Connection(socket)
            do {
                connection.watch = try loop.watch(socket.rawValue, .read) { [unowned self, unowned connection] in
                    if $0.contains(.write) { flush(connection) }
                    if $0.contains(.read) { receive(connection) }
                }
                connections.append(connection)
            } catch {
                Log.error("\(error)")
                try? socket.close()
            }
        }
    }

    private func receive(_ connection: Connection) {
        while connection.watch != nil {
            let count = recv(connection.socket.rawValue, &room, room.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return close(connection) }
            let calls = room.withUnsafeBytes {
                connection.state.receive(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            for call in calls { begin(call, connection) }
            flush(connection)
            if connection.state.output.count > Server.backlogLimit { return }
        }
    }

    private func begin(_ call: ServerConnection.Call, _ connection: Connection) {
        let stream = call.stream
        if call.request.timeoutNanoseconds > 0 {
            let milliseconds = UInt64(call.request.timeoutNanoseconds) / 1_000_000 + 1
            connection.deadlines[stream] = loop.after(milliseconds) { [unowned self, weak connection] in
                guard let connection else { return }
                respond(
                    connection, stream, .failure(TTRPCError(.deadlineExceeded, "context deadline exceeded")))
            }
        }
        handler(call.request) { [unowned self, weak connection] result in
            guard let connection else { return }
            respond(connection, stream, result)
        }
    }

    private func respond(_ connection: Connection, _ stream: UInt32, _ result: Result<[UInt8], TTRPCError>) {
        loop.cancel(connection.deadlines.removeValue(forKey: stream))
        connection.state.respond(stream, result)
        flush(connection)
    }

    private func flush(_ connection: Connection) {
        guard let watch = connection.watch else { return }
        guard connection.state.flush(to: connection.socket) else { return close(connection) }
        let waiting = connection.state.output.count
        loop.change(
            watch, to: waiting == 0 ? .read : waiting > Server.backlogLimit ? .write : [.read, .write])
    }

    private func close(_ connection: Connection) {
        guard let watch = connection.watch else { return }
        loop.unwatch(watch)
        connection.watch = nil
        for timer in connection.deadlines.values { loop.cancel(timer) }
        connection.deadlines = [:]
        try? connection.socket.close()
        connections.removeAll { $0 === connection }
        connectionClosed()
    }
}
