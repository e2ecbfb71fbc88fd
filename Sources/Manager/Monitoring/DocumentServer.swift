// Unsafe pointers: the room that the reactor lends, which is not used.
import CHost
import Glibc
import Host
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RPC
import Reactor
import Synchronization
import SystemPackage

import struct SystemPackage.FileDescriptor

/// Answers GET over HTTP/1.1 with a few documents, one request a connection: what `[metrics]` and `[debug]` of the
/// configuration ask for.
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
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let connections = Mutex(0)

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
        group.shutdownGracefully { _ in }
    }

    deinit { try? listener.close() }

    /// Where it listens, as `HOST:PORT` or a path.
    var address: String { path?.string ?? InternetSocket.name(of: listener) }

    private func accept() {
        while true {
            do {
                let socket = try UnixSocket.accept(listener)
                guard isTrusted(socket), enters() else {
                    try socket.close()
                    continue
                }
                serve(socket)
            } catch let error as HostError where error.errno == .wouldBlock {
                return
            } catch {
                return log.warning("cannot accept a connection at \(address): \(error)")
            }
        }
    }
}

extension DocumentServer {
    /// Whether there is room for one connection more, which is taken then.
    private func enters() -> Bool {
        connections.withLock { count in
            guard count < Self.mostConnections else { return false }
            count += 1
            return true
        }
    }

    private func serve(_ socket: FileDescriptor) {
        let documents = documents
        // A connection that is there already: the bootstrap of clients takes such, whichever side began it.
        ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(DocumentHandler(documents))
                }
            }
            .withConnectedSocket(socket.rawValue)
            .flatMap { $0.closeFuture }
            .whenComplete { _ in self.connections.withLock { $0 -= 1 } }
    }
}

extension DocumentServer: ReactorClient {
    var descriptor: CInt { listener.rawValue }

    func handleReadiness(into room: UnsafeMutableRawBufferPointer) { accept() }
}
