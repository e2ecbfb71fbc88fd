// Messages as C lays them out, sent from copies: unsafe pointers at the C boundary.
import CKernel
import Glibc
import SystemPackage

/// Calls that send a datagram to an address. Only unix sockets name something that the host must not look up by itself, and of
/// those the container has none that it could send through: it holds one that this kernel passes messages on for
/// (`DatagramTable`), and what it holds takes no notice of an address.
enum DatagramCalls {
    static let sendto = SystemCallHandler { call throws(Errno) in
        guard call.int(5) != 0, let inode = datagram(call) else { return .native }
        let message = Message(
            data: try call.readArray(UInt8.self, at: call[1], count: try checked(call[2])),
            target: try SocketCalls.translate(
                try SocketCalls.readAddress(call, at: call[4], size: call.int(5)), call, nil))
        return try send(message, from: inode, flags: call.int(3), call) { _ in }
    }

    static let sendmsg = SystemCallHandler { call throws(Errno) in
        guard let inode = datagram(call) else { return .native }
        let header = try call.read(Header.self, at: call[1])
        guard header.hasName else { return try nameless(inode, call) }
        return try send(try message(header, call), from: inode, flags: call.int(2), call) { _ in }
    }

    static let sendmmsg = SystemCallHandler { call throws(Errno) in
        guard let inode = datagram(call) else { return .native }
        var count = 0
        // As many as one call takes at the most (UIO_MAXIOV).
        while count < min(Int(call.uint(2)), 1024) {
            let position = call[1] + UInt64(count * MemoryLayout<ManyHeader>.stride)
            do throws(Errno) {
                let header = try call.read(Header.self, at: position)
                // What has no name goes the short way, of which this kernel sees nothing: a call of its own.
                guard header.hasName else { return count == 0 ? try nameless(inode, call) : .value(count) }
                let lengthAt = position + UInt64(MemoryLayout<Header>.stride)
                let written: @Sendable (Int) throws(Errno) -> Void = { (size) throws(Errno) in
                    try call.write(UInt32(size), at: lengthAt)
                }
                let message = try message(header, call)
                let reply = try send(message, from: inode, flags: call.int(3), call, mayWait: count == 0) { size in
                    try? written(size)
                }
                guard case .value = reply else { return reply }
            } catch {
                if count == 0 { throw error }
                break
            }
            count += 1
        }
        return .value(count)
    }

    // MARK: Messages

    /// struct msghdr.
    private struct Header: BitwiseCopyable {
        var name: UInt64 = 0
        var nameSize: CInt = 0
        var padding: UInt32 = 0
        var vectors: UInt64 = 0
        var vectorCount: UInt64 = 0
        var control: UInt64 = 0
        var controlSize: UInt64 = 0
        var flags: CInt = 0
        var padding2: UInt32 = 0

        var hasName: Bool { name != 0 && nameSize != 0 }
    }

    /// struct mmsghdr.
    private struct ManyHeader: BitwiseCopyable {
        var header: Header
        var size: UInt32
        var padding: UInt32
    }

    /// What is to be sent, with descriptors of this process; it owns them and the target's.
    private final class Message: Sendable {
        let data: [UInt8]
        let target: SocketCalls.Target
        let descriptors: [CInt]

        init(data: [UInt8], target: SocketCalls.Target, descriptors: [CInt] = []) {
            self.data = data
            self.target = target
            self.descriptors = descriptors
        }

        deinit {
            if target.descriptor >= 0 { close(target.descriptor) }
            for descriptor in descriptors { ukk_close_soon(descriptor) }
        }

        /// The size, or a negative errno.
        func send(from socket: CInt, flags: CInt) -> Int {
            target.withAddress { address, length in
                ukk_send_datagram(
                    socket, data, data.count, descriptors, CInt(descriptors.count), address, length, flags)
            }
        }
    }

    private static func message(_ header: Header, _ call: CallContext) throws(Errno) -> Message {
        guard header.vectorCount <= 1024 else { throw Errno(rawValue: EMSGSIZE) }
        let vectors = try call.readArray(UInt64.self, at: header.vectors, count: Int(header.vectorCount) * 2)
        var data: [UInt8] = []
        for index in stride(from: 0, to: vectors.count, by: 2) where vectors[index + 1] != 0 {
            let size = try checked(vectors[index + 1])
            _ = try checked(UInt64(data.count + size))
            data += try call.readArray(UInt8.self, at: vectors[index], count: size)
        }
        let address = try SocketCalls.readAddress(call, at: header.name, size: header.nameSize)
        var descriptors: [CInt] = []
        do throws(Errno) {
            for number in try numbers(header, call) {
                descriptors.append(try call.kernel.sockets.duplicate(ofAny: number, call))
            }
            return Message(
                data: data, target: try SocketCalls.translate(address, call, nil), descriptors: descriptors)
        } catch {
            for descriptor in descriptors { ukk_close_soon(descriptor) }
            throw error
        }
    }

    /// The descriptors that a message's control data sends along. Credentials in it are the host's to check: who sends is
    /// this kernel.
    private static func numbers(_ header: Header, _ call: CallContext) throws(Errno) -> [CInt] {
        guard header.control != 0, header.controlSize > 0 else { return [] }
        guard header.controlSize <= 4096 else { throw Errno(rawValue: ENOBUFS) }
        let control = try call.readArray(UInt8.self, at: header.control, count: Int(header.controlSize))
        func value<T: BitwiseCopyable>(_: T.Type, at position: Int) -> T {
            control.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: T.self) }
        }
        var numbers: [CInt] = []
        var position = 0
        while position + 16 <= control.count {
            let size = value(UInt64.self, at: position)
            guard size >= 16, size <= UInt64(control.count - position) else { throw .invalidArgument }
            if value(CInt.self, at: position + 8) == SOL_SOCKET {
                switch value(CInt.self, at: position + 12) {
                case 1:  // SCM_RIGHTS
                    for offset in stride(from: position + 16, through: position + Int(size) - 4, by: 4) {
                        numbers.append(value(CInt.self, at: offset))
                    }
                case 2: break  // SCM_CREDENTIALS
                default: throw .invalidArgument
                }
            }
            position += (Int(size) + 7) & ~7
        }
        guard numbers.count <= 253 else { throw .invalidArgument }
        return numbers
    }

    private static func checked(_ size: UInt64) throws(Errno) -> Int {
        guard size <= 1 << 20 else { throw Errno(rawValue: EMSGSIZE) }
        return Int(size)
    }

    // MARK: Sending

    /// The inode of the caller's socket, when it is one of these.
    private static func datagram(_ call: CallContext) -> UInt64? {
        let datagrams = call.kernel.datagrams
        guard !datagrams.isEmpty, let inode = SocketTable.inode(of: call.int(0), call), datagrams.isDatagram(inode)
        else { return nil }
        return inode
    }

    /// A message without a name: the host hands it on to this kernel when the socket is connected, as `send` does.
    private static func nameless(_ inode: UInt64, _ call: CallContext) throws(Errno) -> Reply {
        if let socket = call.kernel.datagrams.existing(inode), !socket.isConnected { throw Errno(rawValue: ENOTCONN) }
        return .native
    }

    /// - Parameters:
    ///   - mayWait: whether the caller waits while the receiver is behind, unless it said otherwise.
    ///   - told: gets the size before the call is answered.
    private static func send(
        _ message: Message, from inode: UInt64, flags: CInt, _ call: CallContext, mayWait: Bool = true,
        told: @escaping @Sendable (Int) -> Void
    ) throws(Errno) -> Reply {
        // One that was not used otherwise yet has no name to tell, and stays as it is: any socket will do.
        let open = call.kernel.datagrams.existing(inode)
        let socket = open?.host ?? Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Errno(rawValue: errno) }
        defer { if open == nil { close(socket) } }
        let sent = message.send(from: socket, flags: flags | CInt(MSG_DONTWAIT))
        if sent >= 0 {
            told(sent)
            return .value(sent)
        }
        guard sent == -Int(EAGAIN), mayWait, flags & CInt(MSG_DONTWAIT) == 0, waits(call) else {
            throw Errno(rawValue: CInt(-sent))
        }
        // On a thread, since the loop cannot wait for a reader that is behind.
        let sender = fcntl(socket, F_DUPFD_CLOEXEC, 3)
        guard sender >= 0 else { throw Errno(rawValue: errno) }
        let isMany = call.number == 307
        do throws(Errno) {
            return try call.kernel.blocking.start(call) {
                defer { close(sender) }
                let sent = message.send(from: sender, flags: flags)
                guard sent >= 0 else { return .failure(Errno(rawValue: CInt(-sent))) }
                told(sent)
                return .success(.value(isMany ? 1 : sent))
            }
        } catch {
            close(sender)
            throw error
        }
    }

    /// Whether the caller's socket waits (no O_NONBLOCK). Where this kernel cannot look, it does not.
    private static func waits(_ call: CallContext) -> Bool {
        guard let held = try? call.kernel.sockets.duplicate(of: call.int(0), call) else { return false }
        defer { close(held) }
        return fcntl(held, F_GETFL) & O_NONBLOCK == 0
    }
}
