// Sockets at the C boundary.
import CKernel
import Glibc
import SystemPackage

/// The container's unix datagram sockets.
///
/// sendmsg(2) looks up the path in its message by itself, in the host's folders, where the filter cannot see it and a
/// handler could not hold it still. So no process of the container ever holds a unix datagram socket: it gets one of
/// SOCK_SEQPACKET, which keeps messages apart as well and has no addressed sends, and this kernel passes on what flows.
package final class DatagramTable {
    /// The numbers that a process's sockets of this kind get, below those of `KeptDescriptors`. The filter has sendmsg(2) on
    /// them answered by this kernel, which sends to the address in the message; the host does all others, as fast as ever.
    static let numbers: ClosedRange<UInt32> = 336...399

    private enum Kind {
        /// Not bound, connected or sent through yet: there is no other end.
        case fresh
        case open(id: UInt32)
        /// Half of a socketpair(2).
        case paired
    }
    /// By inode of the socket that the container holds.
    private var kinds: [UInt64: Kind] = [:]
    private var freshOrder: [UInt64] = []
    private var sockets: [UInt32: (socket: DatagramSocket, inode: UInt64)] = [:]
    private var nextID: UInt32 = 1
    /// Where this kernel connects the container's ends to its own.
    private var meeting: (listener: CInt, name: sockaddr_un, length: socklen_t)?
    private let events: EventQueue
    private static let limit = 4096

    init(events: EventQueue) {
        self.events = events
    }

    /// Whether the container has never made any.
    var isEmpty: Bool { kinds.isEmpty }

    /// Whether a type given to socket(2) makes unix datagram sockets. SOCK_RAW is one for unix sockets.
    static func isDatagram(_ type: CInt) -> Bool { type & 0xF == 2 || type & 0xF == 3 }

    /// A free one of `numbers` in the caller's table; -1 when there is none, or the caller has so many descriptors that another
    /// thread may take it meanwhile.
    static func freeNumber(for call: CallContext) -> CInt {
        var limits: [UInt64] = [0, 0]
        guard ukk_prlimit(call.process.pid, 7, nil, &limits) == 0 else { return -1 }
        func isFree(_ number: CInt) -> Bool {
            var status = stat()
            return fstatat(AT_FDCWD, HostProcess.descriptorPath(call.tid, number), &status, AT_SYMLINK_NOFOLLOW) != 0
        }
        guard (320..<324).allSatisfy(isFree) else { return -1 }
        return numbers.first { UInt64($0) < limits[0] && isFree(CInt($0)) }.map { CInt($0) } ?? -1
    }

    /// Takes note of a socket that a process gets in place of a datagram socket.
    func enter(_ inode: UInt64, isPaired: Bool) {
        kinds[inode] = isPaired ? .paired : .fresh
        freshOrder.append(inode)
        // The host does not tell when one is closed that was never used.
        guard freshOrder.count > DatagramTable.limit else { return }
        let oldest = freshOrder.removeFirst()
        if case .open = kinds[oldest] { return }
        kinds[oldest] = nil
    }

    func isDatagram(_ inode: UInt64) -> Bool { kinds[inode] != nil }

    /// The open socket behind one that the container holds; nil for one that is fresh or none of these.
    func existing(_ inode: UInt64) -> DatagramSocket? {
        guard case .open(let id)? = kinds[inode] else { return nil }
        return sockets[id]?.socket
    }

    /// The socket behind one that the container holds, opened when it is not yet; nil when it is none of these.
    /// - Parameter held: a duplicate of what the container holds.
    func socket(_ inode: UInt64, held: CInt) throws(Errno) -> DatagramSocket? {
        switch kinds[inode] {
        case nil: return nil
        case .open(let id)?: return sockets[id]?.socket
        case .paired?: throw .invalidArgument
        case .fresh?: break
        }
        guard sockets.count < DatagramTable.limit else { throw Errno(rawValue: ENOBUFS) }
        let inner = try join(held)
        let host = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard host >= 0 else {
            let error = errno
            close(inner)
            throw Errno(rawValue: error)
        }
        let socket = DatagramSocket(host: host, inner: inner)
        while sockets[nextID] != nil { nextID &+= 1 }
        sockets[nextID] = (socket, inode)
        kinds[inode] = .open(id: nextID)
        events.add(inner, .datagram, nextID)
        events.add(host, .datagram, nextID)
        return socket
    }

    /// A message has come, or can go on.
    func spoke(_ id: UInt32) {
        guard let (socket, inode) = sockets[id] else { return }
        if socket.relay() {
            let interest = socket.interest
            events.change(socket.inner, .datagram, id, interest.inner)
            events.change(socket.host, .datagram, id, interest.host)
            return
        }
        events.remove(socket.inner)
        events.remove(socket.host)
        sockets[id] = nil
        kinds[inode] = nil
    }

    /// Connects a socket of the container's to this kernel, and returns this kernel's end.
    private func join(_ held: CInt) throws(Errno) -> CInt {
        if meeting == nil { meeting = try meet() }
        guard let (listener, address, length) = meeting else { throw Errno(rawValue: ENOBUFS) }
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(held, $0, length) }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        let end = ukk_accept_own(listener)
        guard end >= 0 else { throw Errno(rawValue: -end) }
        return end
    }

    private func meet() throws(Errno) -> (CInt, sockaddr_un, socklen_t) {
        let flags = CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let listener = Glibc.socket(AF_UNIX, flags, 0)
        guard listener >= 0 else { throw Errno(rawValue: errno) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                // A family without a name: the host gives it one.
                bind(listener, address, 2) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard result else {
            let error = errno
            close(listener)
            throw Errno(rawValue: error)
        }
        return (listener, name, length)
    }
}
