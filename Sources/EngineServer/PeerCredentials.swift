import Glibc
import NIOCore

/// Who is at the other end of a unix socket: `struct ucred` of unix(7).
struct PeerCredentials: Sendable {
    var pid: pid_t
    var uid: uid_t
    var gid: gid_t

    /// Lets in processes of this process's user and of root, whatever the socket's mode.
    ///
    /// - Returns: a future that fails with `ChannelError.inappropriateOperationForState` for others, which closes `channel`.
    static func check(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let socket = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        let peer: EventLoopFuture<PeerCredentials> = socket.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return peer.flatMapThrowing { peer in
            guard peer.uid == geteuid() || peer.uid == 0 else { throw ChannelError.inappropriateOperationForState }
        }
    }
}
