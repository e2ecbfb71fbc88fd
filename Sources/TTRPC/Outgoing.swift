// Unsafe pointers: sending from a buffer.
import Glibc
import SystemPackage

/// The side of a connection that has bytes for its peer.
public protocol Outgoing {
    /// Bytes that wait to be sent.
    var output: [UInt8] { get }
    /// Forgets the first `count` bytes of the output: they are on their way.
    mutating func sent(_ count: Int)
}

extension Outgoing {
    /// Sends what a socket takes that does not block; the rest stays in `output`.
    ///
    /// - Returns: whether the socket goes on serving.
    public mutating func flush(to socket: FileDescriptor) -> Bool {
        while !output.isEmpty {
            let count = output.withUnsafeBytes { send(socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 && errno == EAGAIN }
            sent(count)
        }
        return true
    }
}

extension ServerConnection: Outgoing {}
extension ClientConnection: Outgoing {}
