// Unsafe pointers: socket addresses and receive buffers.
import CHost
import Glibc
import Host
import Logging
import RPC
import Reactor
import Synchronization
import SystemPackage

/// Answers GET over HTTP/1.1 with a few documents, one request a connection: what `[metrics]` and `[debug]` of the
/// configuration ask for. It is so little that a library for HTTP would cost every manager more than it serves few.
final class DocumentServer: Sendable {
    typealias Source = @Sendable () async -> Document

    /// Connections at once; more are hung up on.
    private static let mostConnections = 64

    private let listener: FileDescriptor
    /// The socket's file, to be removed at the end.
    private let path: FilePath?
    private let isTrusted: @Sendable (FileDescriptor) -> Bool
    private let documents: [String: Source]
    private let log: Logger
    private let connections = Mutex<[ObjectIdentifier: DocumentConnection]>([:])

    /// Listens on a unix socket (an absolute path), which `user`, root and the manager's own user may use, or at `HOST:PORT`.
    ///
    /// - Parameter documents: by the path of the request.
    /// - Throws: `RPCError` when the address cannot be had.
    init(address: String, user: uid_t?, group: gid_t?, documents: [String: Source], log: Logger) throws {
        if address.hasPrefix("/") {
            let path = FilePath(address)
            do {
                listener = try UnixSocket.listen(path, user: user, group: group)
            } catch let error as HostError {
                throw RPCError(.failedPrecondition, "\(error)")
            }
            self.path = path
            isTrusted = { UnixSocket.isTrusted($0, user: user, group: group) }
        } else {
            listener = try InternetSocket.listen(address)
            path = nil
            isTrusted = { _ in true }
        }
        _ = ukh_set_nonblocking(listener.rawValue, 1)
        (self.documents, self.log) = (documents, log)
    }

    /// Begins to serve.
    func start() throws { try Reactor.shared.add(self) }

    /// Stops listening and hangs up.
    func stop() {
        Reactor.shared.remove(self)
        shutdown(listener.rawValue, CInt(SHUT_RDWR))
        if let path { unlink(path.string) }
        for connection in connections.withLock({ Array($0.values) }) { connection.close() }
    }

    deinit { try? listener.close() }

    /// Where it listens, as `HOST:PORT` or a path.
    var address: String { path?.string ?? InternetSocket.name(of: listener) }

    private func accept() {
        while true {
            do {
                let socket = try UnixSocket.accept(listener)
                let connection = DocumentConnection(socket, documents) { [weak self] connection in
                    self?.connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
                }
                // A connection that is let go is closed.
                guard isTrusted(socket) else { continue }
                let isTaken = connections.withLock { all in
                    if all.count < Self.mostConnections { all[ObjectIdentifier(connection)] = connection }
                    return all[ObjectIdentifier(connection)] != nil
                }
                if isTaken { try Reactor.shared.add(connection) }
            } catch let error as HostError where error.errno == .wouldBlock {
                return
            } catch {
                return log.warning("cannot accept a connection at \(address): \(error)")
            }
        }
    }
}

extension DocumentServer: ReactorClient {
    var descriptor: CInt { listener.rawValue }

    func handleReadiness(into room: UnsafeMutableRawBufferPointer) { accept() }
}
