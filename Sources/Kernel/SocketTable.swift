// Socket options and descriptors by number: unsafe pointers at the C boundary.
import CKernel
import Glibc
import SystemPackage
import UnionFileSystem

/// How this kernel gets at the sockets of the container's processes: it binds and connects them in their place.
///
/// Where the host allows pidfd_getfd(2), a duplicate is taken when one is needed. Where it does not (docker's default
/// seccomp profile), this kernel makes the sockets itself and keeps a duplicate until they are connected or listen.
package final class SocketTable {
    private let canFetch: Bool
    /// Whether there are sockets that this kernel cannot get at.
    var canMiss: Bool { !canFetch }
    /// Duplicates by inode, with fetching refused.
    private var kept: [UInt64: CInt] = [:]
    private var keptOrder: [UInt64] = []
    /// Names of unix sockets as the container gave them, by the socket's inode: the host's own are other ones.
    private var names: [UInt64: [UInt8]] = [:]
    private var nameOrder: [UInt64] = []
    /// Addresses with abstract names that are too long to have something before them, by what the host knows them as.
    private var longNames: [[UInt8]: [UInt8]] = [:]
    private static let limit = 1024

    init() {
        let own = ukk_pidfd_open(getpid())
        let fetched = own >= 0 ? SocketTable.fetch(own, own) : -1
        canFetch = fetched >= 0
        if fetched >= 0 { close(CInt(fetched)) }
        if own >= 0 { close(own) }
    }

    /// Makes a socket for a caller.
    /// - Parameter always: also where the caller could make it by itself, as descriptor `place`; `made` hears of its inode.
    func make(
        domain: CInt, type: CInt, number: CInt, always: Bool = false, place: CInt = -1,
        made: (UInt64) -> Void = { _ in }
    ) throws(Errno) -> Reply {
        if canFetch, !always { return .native }
        let flags = CInt(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(domain, type | flags, number)
        guard socket >= 0 else { throw Errno(rawValue: errno) }
        let inode = SocketTable.inode(socket)
        if let inode { made(inode) }
        if !canFetch, let inode {
            if kept.count >= SocketTable.limit, let oldest = keptOrder.first { forget(inode: oldest) }
            kept[inode] = socket
            keptOrder.append(inode)
        }
        return .descriptor(socket, closeOnExec: type & flags != 0, closing: canFetch, number: place)
    }

    /// A duplicate of a caller's socket. The caller of this function closes it.
    /// - Throws: `EBADF`, `ENOTSOCK`; `EPERM` where this kernel has none (`canMiss`): a socket that is connected or listens,
    ///   came from accept(2) or socketpair(2), or was inherited.
    func duplicate(of descriptor: CInt, _ call: CallContext) throws(Errno) -> CInt {
        guard descriptor >= 0 else { throw .badFileDescriptor }
        let result: Int
        if canFetch {
            result = SocketTable.fetch(call.process.pidfd, descriptor)
        } else {
            guard let inode = SocketTable.inode(of: descriptor, call) else { throw Errno(rawValue: ENOTSOCK) }
            guard let own = kept[inode] else { throw .notPermitted }
            result = Int(fcntl(own, F_DUPFD_CLOEXEC, 3))
        }
        guard result >= 0 else { throw Errno(rawValue: canFetch ? CInt(-result) : errno) }
        guard SocketTable.inode(CInt(result)) != nil else {
            close(CInt(result))
            throw Errno(rawValue: ENOTSOCK)
        }
        return CInt(result)
    }

    /// A duplicate of any descriptor of a caller's. The caller of this function closes it.
    /// - Throws: `EBADF`; `EPERM` where the host forbids it.
    func duplicate(ofAny descriptor: CInt, _ call: CallContext) throws(Errno) -> CInt {
        guard descriptor >= 0 else { throw .badFileDescriptor }
        let result = SocketTable.fetch(call.process.pidfd, descriptor)
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        return CInt(result)
    }

    /// A socket that is connected or listens needs this kernel no more; held here, its end would not be seen.
    func forget(_ socket: CInt) {
        guard !canFetch, let inode = SocketTable.inode(socket) else { return }
        forget(inode: inode)
    }

    private func forget(inode: UInt64) {
        if let own = kept.removeValue(forKey: inode) { close(own) }
        keptOrder.removeAll { $0 == inode }
    }

    /// Remembers how a container's process names its unix socket, or the one that it is connected to.
    func remember(_ name: [UInt8], for inode: UInt64) {
        if names.updateValue(name, forKey: inode) == nil { nameOrder.append(inode) }
        if nameOrder.count > SocketTable.limit { names[nameOrder.removeFirst()] = nil }
    }

    func name(for inode: UInt64) -> [UInt8]? { names[inode] }

    func rememberLong(_ address: [UInt8], as host: [UInt8]) {
        if longNames.count >= SocketTable.limit { longNames.removeAll() }
        longNames[host] = address
    }

    func longName(_ host: [UInt8]) -> [UInt8]? { longNames.isEmpty ? nil : longNames[host] }

    /// Sixteen bytes that differ where names do: FNV-1a, from two beginnings.
    static func hash(_ name: [UInt8]) -> [UInt8] {
        let starts: [UInt64] = [0xCBF2_9CE4_8422_2325, 0x8422_2325_CBF2_9CE4]
        return starts.flatMap { start in
            let hash = name.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            return withUnsafeBytes(of: hash) { Array($0) }
        }
    }

    /// The inode of a caller's socket; nil when the descriptor is none.
    static func inode(of descriptor: CInt, _ call: CallContext) -> UInt64? {
        inode(behind: HostProcess.descriptorPath(call.tid, descriptor))
    }

    private static func inode(behind path: String) -> UInt64? {
        var status = stat()
        guard fstatat(AT_FDCWD, path, &status, 0) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return UInt64(status.st_ino)
    }

    /// The sockets that a process has open.
    static func inodes(of pid: pid_t) -> [UInt64] {
        let folder = "/proc/\(pid)/fd"
        return hostNames(folder).compactMap { inode(behind: folder + "/" + $0.name.string) }
    }

    static func inode(_ socket: CInt) -> UInt64? {
        var status = stat()
        guard fstat(socket, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return UInt64(status.st_ino)
    }

    /// Whether a descriptor is a datagram socket that sends to paths of the host's.
    static func isUnixDatagram(_ descriptor: CInt) -> Bool {
        option(SO_DOMAIN, of: descriptor) == AF_UNIX && option(SO_TYPE, of: descriptor) == CInt(SOCK_DGRAM.rawValue)
    }

    /// An int-sized option at SOL_SOCKET.
    static func option(_ name: CInt, of socket: CInt) -> CInt {
        var value: CInt = -1
        var size = socklen_t(4)
        return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1
    }

    private static func fetch(_ pidfd: CInt, _ descriptor: CInt) -> Int {
        ukk_raw(438, Int(pidfd), Int(descriptor), 0, 0, 0, 0)
    }
}
