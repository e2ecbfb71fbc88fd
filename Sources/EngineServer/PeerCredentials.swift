import Glibc
import NIOCore

/// Who is at the other end of a unix socket: `struct ucred` of unix(7).
struct PeerCredentials: Sendable {
    var pid: pid_t
    var uid: uid_t
    var gid: gid_t

    /// Lets in processes of this process's user, of root and of users of the group `admitted`, whatever the socket's mode.
    ///
    /// - Returns: a future that fails with `ChannelError.inappropriateOperationForState` for others, which closes `channel`.
    static func check(_ channel: any Channel, _ admitted: gid_t?) -> EventLoopFuture<Void> {
        guard let socket = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        let peer: EventLoopFuture<PeerCredentials> = socket.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return peer.flatMap { peer in
            if peer.uid == geteuid() || peer.uid == 0 || peer.gid == admitted {
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            guard let admitted, admitted != 0 else {
                return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
            }
            // Room that the host does not fill stays 0, which no group is that is looked for.
            let groups: EventLoopFuture<InlineArray<256, gid_t>> = socket.unsafeGetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERGROUPS))
            return groups.flatMapThrowing { groups in
                guard groups.indices.contains(where: { groups[$0] == admitted }) else {
                    throw ChannelError.inappropriateOperationForState
                }
            }
        }
    }
}
