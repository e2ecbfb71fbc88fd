import Glibc
import Host
import Logging
import RPC
import SystemPackage

/// A listening unix socket and the thread that accepts on it.
///
/// Only processes of the same user, of root and of a user and a group that are named are let in, whatever the socket's mode.
final class UnixListener: Sendable {
    private let path: FilePath
    private let socket: FileDescriptor
    private let wake: FileDescriptor
    /// What the socket's file was when it was made; nil when a service manager made it, who keeps it.
    private let identity: (dev_t, ino_t)?

    /// Listens at `path`, or takes the socket that a service manager listens with there, and hands every connection to
    /// `accepted`, on a thread of the listener's own.
    ///
    /// - Throws: `RPCError`: `alreadyExists` when another server listens there, `failedPrecondition` when something
    ///   that is not a socket is in the way, `invalidArgument` when the path's last component is too long.
    init(
        path: FilePath, user: uid_t?, group: gid_t?, log: Logger,
        accepted: @escaping @Sendable (FileDescriptor) -> Void
    ) throws {
        self.path = path
        var status = stat()
        if lstat(path.string, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
            throw RPCError(
                .failedPrecondition,
                "cannot listen on \(path): it exists and is not a socket; remove it or choose another")
        }
        let inherited = InheritedSockets.take(path)
        do {
            socket = try inherited ?? UnixSocket.listen(path, user: user, group: group)
        } catch let error as HostError where error.errno == .addressInUse {
            throw RPCError(
                .alreadyExists,
                "cannot listen on \(path): another process listens there; stop it or choose another address")
        } catch let error as HostError where error.errno == .fileNameTooLong {
            throw RPCError(
                .invalidArgument, "cannot listen on \(path): the socket's name is too long; choose a shorter address")
        } catch let error as HostError {
            throw RPCError(.failedPrecondition, "cannot listen on \(path): \(error.errno)")
        }
        lstat(path.string, &status)
        identity = inherited == nil ? (status.st_dev, status.st_ino) : nil
        let (near, far) = try UnixSocket.pair()
        wake = near
        let listener = socket
        CompletionQueue.startThread(named: "grpc-accept") {
            Self.accept(on: listener, until: far, log: log, accepted) {
                UnixSocket.isTrusted($0, user: user, group: group)
            }
        }
    }

    /// Stops accepting and removes the socket file, unless another server has put its own there.
    func close() {
        var status = stat()
        if let identity, lstat(path.string, &status) == 0, (status.st_dev, status.st_ino) == identity {
            unlink(path.string)
        }
        try? wake.close()
    }

    private static func accept(
        on listener: FileDescriptor, until end: FileDescriptor, log: Logger,
        _ accepted: @Sendable (FileDescriptor) -> Void, trusting isTrusted: (FileDescriptor) -> Bool
    ) {
        defer {
            try? listener.close()
            try? end.close()
        }
        while true {
            var waiting = [
                pollfd(fd: listener.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: end.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 else { continue }
            if waiting[1].revents != 0 { return }
            do {
                let connection = try UnixSocket.accept(listener)
                guard isTrusted(connection) else {
                    let peer = try UnixSocket.peer(of: connection)
                    log.warning("refused a connection", metadata: ["uid": "\(peer.uid)", "pid": "\(peer.pid)"])
                    try connection.close()
                    continue
                }
                let flags = fcntl(connection.rawValue, F_GETFL)
                _ = fcntl(connection.rawValue, F_SETFL, flags | O_NONBLOCK)
                accepted(connection)
            } catch {
                // Out of descriptors or memory: those who wait in the backlog are served when there is room again.
                log.warning("cannot accept a connection: \(error)")
                usleep(50_000)
            }
        }
    }
}
