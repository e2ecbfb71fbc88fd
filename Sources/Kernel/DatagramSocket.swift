// Messages with descriptors: unsafe pointers at the C boundary.
import CKernel
import Glibc
import SystemPackage

/// The host's end of a container's unix datagram socket, and the messages between the two.
///
/// The container's process holds a socket of SOCK_SEQPACKET, connected to `inner`; what has a name and sends to names is
/// `host`, a datagram socket that only this kernel holds.
final class DatagramSocket {
    /// The real datagram socket.
    let host: CInt
    /// The other end of what the container's process holds.
    let inner: CInt
    /// Whether messages from inside have somewhere to go.
    var isConnected = false
    /// Names as the container gave them; empty when there is none.
    var localName: [UInt8] = []
    var peerName: [UInt8] = []
    /// Messages that could not go on yet: their receiver is behind.
    private var outgoing: Message?
    private var incoming: Message?

    /// What the loop is to wait for.
    var interest: (inner: UInt32, host: UInt32) {
        var (inner, host) = (UInt32(0), UInt32(0))
        if outgoing == nil { inner |= EPOLLIN.rawValue } else { host |= EPOLLOUT.rawValue }
        if incoming == nil { host |= EPOLLIN.rawValue } else { inner |= EPOLLOUT.rawValue }
        return (inner, host)
    }

    /// A datagram and the descriptors that came with it.
    private struct Message {
        var bytes: [UInt8]
        var descriptors: [CInt]

        func discard() { for descriptor in descriptors { ukk_close_soon(descriptor) } }
    }

    private enum Received {
        case message(Message)
        case nothing
        case end
    }

    init(host: CInt, inner: CInt) {
        self.host = host
        self.inner = inner
        // Every message then carries its sender, by which an empty one can be told from the end.
        var yes: CInt = 1
        setsockopt(inner, SOL_SOCKET, SO_PASSCRED, &yes, 4)
    }

    deinit {
        outgoing?.discard()
        incoming?.discard()
        close(host)
        close(inner)
    }

    /// Moves messages both ways until there is none or a receiver is behind.
    /// - Returns: false when the container holds the socket no more.
    func relay() -> Bool {
        // A bound, so that one busy socket does not keep the kernel from everything else.
        for _ in 0..<16 {
            let out = moveOut()
            if out == nil { return false }
            if !moveIn(), out == false { return true }
        }
        return true
    }

    /// Whether a message went out; nil at the end.
    private func moveOut() -> Bool? {
        if outgoing == nil {
            switch receive(from: inner) {
            case .message(let message): outgoing = message
            case .nothing: return false
            case .end: return nil
            }
        }
        guard let message = outgoing else { return false }
        if isConnected, !send(message, to: host) { return false }
        message.discard()
        outgoing = nil
        return true
    }

    private func moveIn() -> Bool {
        if incoming == nil, case .message(let message) = receive(from: host) { incoming = message }
        guard let message = incoming, send(message, to: inner) else { return false }
        message.discard()
        incoming = nil
        return true
    }

    /// False when the receiver is behind. A message that cannot be delivered at all is lost, as datagrams may be.
    private func send(_ message: Message, to socket: CInt) -> Bool {
        let result = message.bytes.withUnsafeBytes { bytes in
            message.descriptors.withUnsafeBufferPointer {
                ukk_send_datagram(
                    socket, bytes.baseAddress, bytes.count, $0.baseAddress, CInt($0.count), nil, 0, CInt(MSG_DONTWAIT))
            }
        }
        return result != -Int(EAGAIN) && result != -Int(ENOBUFS)
    }

    private func receive(from socket: CInt) -> Received {
        var size: CInt = 0
        // The size of the next message; a little more tells whether that was it.
        guard ioctl(socket, UInt(FIONREAD), &size) == 0 else { return .end }
        var message = Message(bytes: [], descriptors: [])
        var descriptors = [CInt](repeating: -1, count: 256)
        var count: CInt = 0
        var isEnd: CInt = 0
        var result = 0
        message.bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, used in
            result = ukk_receive_datagram(socket, buffer.baseAddress, buffer.count, &descriptors, &count, &isEnd)
            used = max(0, result)
        }
        message.descriptors = Array(descriptors.prefix(Int(count)))
        if result == -Int(EAGAIN) || result == -Int(EINTR) { return .nothing }
        // An error that a receiver's end left behind (ECONNREFUSED, ECONNRESET) is told once.
        if result < 0 { return socket == host ? .nothing : .end }
        if isEnd != 0, socket == inner { return .end }
        return .message(message)
    }
}
