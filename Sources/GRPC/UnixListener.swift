import Glibc
import Host
import Logging
import RPC
import SystemPackage

/// A listening unix socket, and from `start` on the thread that accepts on it.
///
/// Only processes of the same user, of root and of a user and a group that are named are let in, whatever the socket's mode.
final class UnixListener: Sendable {
    private let path: FilePath
    private let socket: FileDescriptor
    private let user: uid_t?
    private let group: gid_t?
    private let log: Logger
    private let wake: FileDescriptor
    /// The other side of `wake`.
    private let end: FileDescriptor
    /// What the socket's file was when it was made; nil when a service manager made it, who keeps it.
    private let identity: (dev_t, ino_t)?
    private let ended = OneShot<Void>()

    /// Listens at `path`, or takes the socket that a service manager listens with there. Connections wait until `start`.
    ///
    /// - Throws: `RPCError`: `alreadyExists` when another server listens there, `failedPrecondition` when something
    ///   that is not a socket is in the way, `invalidArgument` when the path's last component is too long.
    init(path: FilePath, user: uid_t?, group: gid_t?, log: Logger) throws {
        self.user = user
        self.group = group
        self.log = log
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
        (wake, end) = try UnixSocket.pair()
    }

    /// Hands every connection to `accepted`, on a thread of the listener's own. Called once.
    func start(_ accepted: @escaping @Sendable (FileDescriptor) -> Void) {
        CompletionQueue.startThread(named: "grpc-accept") { [self] in
            accept(accepted)
            try? socket.close()
            try? end.close()
            ended.set(())
        }
    }

    /// Stops accepting and removes the socket file, unless another server has put its own there. No connection is
    /// handed on any more when it returns. Called once, after `start`.
    func close() async {
        var status = stat()
        if let identity, lstat(path.string, &status) == 0, (status.st_dev, status.st_ino) == identity {
            unlink(path.string)
        }
        try? wake.close()
        await ended.value
    }

    private func accept(_ accepted: (FileDescriptor) -> Void) {
        while true {
            var waiting = [
                pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: end.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 else { continue }
            if waiting[1].revents != 0 { return }
            do {
                let connection = try UnixSocket.accept(socket)
                guard UnixSocket.isTrusted(connection, user: user, group: group) else {
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
