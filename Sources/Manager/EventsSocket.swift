import CHost
import ContainerdAPI
import Glibc
import Host
import Logging
import RPC
import Reactor
import SwiftProtobuf
import Synchronization
import SystemPackage
import TTRPC

/// The ttrpc socket to which shims forward their events (`containerd.services.events.ttrpc.v1`).
///
/// Everything happens on the reactor's one thread: the events of a shim stay in order.
final class EventsSocket: Sendable {
    private static let retryNanoseconds: UInt64 = 100_000_000

    private let events: EventExchange
    private let log: Logger
    private let path: FilePath
    private let state = Mutex(State())

    private struct State {
        var listener: FileDescriptor?
        var connections: [ObjectIdentifier: EventsConnection] = [:]
        var isStopped = false
        /// When connections that could not be taken (no descriptor was left) are tried again.
        var retry: UInt64?
    }

    init(path: FilePath, events: EventExchange, log: Logger) {
        self.path = path
        self.events = events
        self.log = log
    }

    /// Listens, replacing a socket that nobody listens on.
    func start() throws {
        let socket = try UnixSocket.listen(path)
        _ = ukh_set_nonblocking(socket.rawValue, 1)
        state.withLock { $0.listener = socket }
        try Reactor.shared.add(self)
    }

    /// Stops listening and hangs up.
    func stop() {
        Reactor.shared.remove(self)
        let connections = state.withLock { state in
            defer { state.connections = [:] }
            // Closed at the very end only: the reactor may be accepting just now.
            if let listener = state.listener { shutdown(listener.rawValue, CInt(SHUT_RDWR)) }
            state.retry = nil
            state.isStopped = true
            return Array(state.connections.values)
        }
        for connection in connections { connection.close() }
        unlink(path.string)
    }

    deinit { state.withLock { try? $0.listener?.close() } }

    private func accept() {
        state.withLock { $0.retry = nil }
        while let listener = state.withLock({ $0.isStopped ? nil : $0.listener }) {
            do {
                try serve(try UnixSocket.accept(listener))
            } catch let error as HostError where error.errno == .wouldBlock {
                return
            } catch {
                log.error("cannot take a shim's connection for events: \(error)")
                return state.withLock { $0.retry = MonotonicTime.now() + Self.retryNanoseconds }
            }
        }
    }

    private func serve(_ socket: FileDescriptor) throws {
        guard UnixSocket.isTrusted(socket) else { return try socket.close() }
        // The ring that this closes is opened when either side hangs up.
        let connection = EventsConnection(socket, answer: answer, closed: forget)
        state.withLock { $0.connections[ObjectIdentifier(connection)] = connection }
        do {
            try Reactor.shared.add(connection)
        } catch {
            forget(connection)
            throw error
        }
    }

    private func forget(_ connection: EventsConnection) {
        state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
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
            return .failure(TTRPCError(error.code, error.message))
        } catch {
            return .failure(TTRPCError(.invalidArgument, "\(error)"))
        }
    }
}

extension EventsSocket: ReactorClient {
    var descriptor: CInt { state.withLock { $0.listener?.rawValue ?? -1 } }

    var nextDeadline: UInt64? { state.withLock(\.retry) }

    func handleReadiness(into room: UnsafeMutableRawBufferPointer) { accept() }

    func handleDeadline(_ now: UInt64) {
        if let retry = state.withLock(\.retry), retry <= now { accept() }
    }
}
