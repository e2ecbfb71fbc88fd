// Socket addresses as bytes: unsafe pointers at the C boundary.
import CKernel
import Glibc
import SystemPackage
import UnionFileSystem

/// Calls that make sockets and name their ends. Landlock keeps the container's processes from naming anything by
/// themselves; what flows through a socket afterwards is native.
enum SocketCalls {
    static let socket = SystemCallHandler { call throws(Errno) in
        let (domain, type, number) = (call.int(0), call.int(1), call.int(2))
        switch domain {
        case AF_UNIX, AF_INET, AF_INET6: break
        // NETLINK_ROUTE: the host's interfaces can be looked at, and not changed by an ordinary user.
        case AF_NETLINK where number == 0: break
        default: throw .addressFamilyNotSupported
        }
        if domain == AF_UNIX, DatagramTable.isDatagram(type) {
            let datagrams = call.kernel.datagrams
            return try call.kernel.sockets.make(
                domain: domain, type: type & ~0xF | CInt(SOCK_SEQPACKET.rawValue), number: number, always: true,
                place: DatagramTable.freeNumber(for: call)
            ) { datagrams.enter($0, isPaired: false) }
        }
        return try call.kernel.sockets.make(domain: domain, type: type, number: number)
    }

    /// socketpair(2) of datagram sockets; the filter passes the other types.
    static let socketpair = SystemCallHandler { call throws(Errno) in
        guard call.int(0) == AF_UNIX else { throw Errno(rawValue: EOPNOTSUPP) }
        let flags = call.int(1) & ~0xF
        var pair: [CInt] = [-1, -1]
        guard
            Glibc.socketpair(
                AF_UNIX, CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue) | flags, call.int(2), &pair) == 0
        else { throw Errno(rawValue: errno) }
        defer { for socket in pair { close(socket) } }
        // Before there is something that would have to be taken back.
        try call.write(array: [CInt(-1), CInt(-1)], at: call[3])
        var numbers: [CInt] = []
        for socket in pair {
            let number = DatagramTable.freeNumber(for: call)
            numbers.append(
                try call.inject(socket, closeOnExec: flags & CInt(SOCK_CLOEXEC.rawValue) != 0, number: number))
            if let inode = SocketTable.inode(socket) { call.kernel.datagrams.enter(inode, isPaired: true) }
        }
        try call.write(array: numbers, at: call[3])
        return .value(0)
    }

    static let connect = SystemCallHandler { call throws(Errno) in
        let address = try readAddress(call, 1)
        let socket = try call.kernel.sockets.duplicate(of: call.int(0), call)
        do throws(Errno) {
            if isDatagram(socket, call) {
                let target = try translate(address, call, nil)
                defer { if target.descriptor >= 0 { close(target.descriptor) } }
                guard let datagram = try datagram(socket, call) else { throw .badFileDescriptor }
                try perform(target) { Glibc.connect(datagram.host, $0, $1) }
                datagram.isConnected = address.family != AF_UNSPEC
                datagram.peerName = datagram.isConnected ? address.bytes : []
                close(socket)
                return .value(0)
            }
            let target = try translate(address, call, socket)
            let isStream = SocketTable.option(SO_TYPE, of: socket) != CInt(SOCK_DGRAM.rawValue)
            let waits = isStream && fcntl(socket, F_GETFL) & O_NONBLOCK == 0 && address.family != AF_UNSPEC
            if !waits {
                defer { finish(socket, target) }
                try perform(target) { Glibc.connect(socket, $0, $1) }
                call.kernel.sockets.forget(socket)
                return .value(0)
            }
            return try call.kernel.blocking.start(call) {
                defer { finish(socket, target) }
                do throws(Errno) {
                    try perform(target) { Glibc.connect(socket, $0, $1) }
                    return .success(.value(0))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            close(socket)
            throw error
        }
    }

    static let bind = SystemCallHandler { call throws(Errno) in
        let address = try readAddress(call, 1)
        let held = try call.kernel.sockets.duplicate(of: call.int(0), call)
        defer { close(held) }
        let datagram = try datagram(held, call)
        let socket = datagram?.host ?? held
        guard address.family == AF_UNIX, let name = address.unixName else {
            try perform(Target(bytes: address.bytes)) { Glibc.bind(socket, $0, $1) }
            return .value(0)
        }
        if name.first == 0 {
            try perform(try translate(address, call, datagram == nil ? socket : nil)) { Glibc.bind(socket, $0, $1) }
            datagram?.localName = address.shown
            return .value(0)
        }
        let state = call.process.inherited.files
        let base = name.first == UInt8(ascii: "/") ? state.root : state.folder
        let mode = 0o777 & ~state.umask
        try call.kernel.files.system.makeSocket(name, from: base, for: call.caller, mode: mode) {
            folder, last throws(Errno) in
            let bytes =
                Array("/proc/self/fd/\(folder)/".utf8)
                + UnsafeBufferPointer(start: last, count: strlen(last)).map {
                    UInt8(bitPattern: $0)
                }
            try perform(Target(bytes: try unixAddress(bytes))) { Glibc.bind(socket, $0, $1) }
        }
        if let datagram {
            datagram.localName = address.shown
        } else if let inode = SocketTable.inode(socket) {
            call.kernel.sockets.remember(address.shown, for: inode)
        }
        return .value(0)
    }

    static let listen = SystemCallHandler { call throws(Errno) in
        if let socket = try? call.kernel.sockets.duplicate(of: call.int(0), call) {
            defer { close(socket) }
            if isDatagram(socket, call) { throw Errno(rawValue: EOPNOTSUPP) }
            call.kernel.sockets.forget(socket)
        }
        return .native
    }

    /// The datagram socket behind what the caller holds, opened for use; nil when it is another kind of socket.
    private static func datagram(_ held: CInt, _ call: CallContext) throws(Errno) -> DatagramSocket? {
        guard !call.kernel.datagrams.isEmpty, let inode = SocketTable.inode(held) else { return nil }
        let socket = try call.kernel.datagrams.socket(inode, held: held)
        if socket != nil { call.kernel.sockets.forget(held) }
        return socket
    }

    private static func isDatagram(_ held: CInt, _ call: CallContext) -> Bool {
        guard !call.kernel.datagrams.isEmpty, let inode = SocketTable.inode(held) else { return false }
        return call.kernel.datagrams.isDatagram(inode)
    }

    static let getsockname = SystemCallHandler { call throws(Errno) in
        if let datagram = openDatagram(call), !datagram.localName.isEmpty {
            return try answer(call, datagram.localName)
        }
        return try name(call) { Glibc.getsockname($0, $1, $2) }
    }

    static let getpeername = SystemCallHandler { call throws(Errno) in
        if let datagram = openDatagram(call) {
            guard datagram.isConnected else { throw Errno(rawValue: ENOTCONN) }
            return try answer(call, datagram.peerName)
        }
        return try name(call) { Glibc.getpeername($0, $1, $2) }
    }

    private static func openDatagram(_ call: CallContext) -> DatagramSocket? {
        if call.kernel.datagrams.isEmpty { return nil }
        return SocketTable.inode(of: call.int(0), call).flatMap { call.kernel.datagrams.existing($0) }
    }

    /// SO_PEERCRED: who is at the other end, as the container counts. SO_TYPE: what the container asked for.
    static let getsockopt = SystemCallHandler { call throws(Errno) in
        guard call.int(1) == SOL_SOCKET else { return .native }
        if call.int(2) == SO_TYPE {
            guard !call.kernel.datagrams.isEmpty, let inode = SocketTable.inode(of: call.int(0), call),
                call.kernel.datagrams.isDatagram(inode)
            else { return .native }
            let room = try call.read(UInt32.self, at: call[4])
            guard room >= 4 else { throw .invalidArgument }
            try call.write(CInt(SOCK_DGRAM.rawValue), at: call[3])
            try call.write(UInt32(4), at: call[4])
            return .value(0)
        }
        guard let socket = try duplicate(call) else { return .native }
        defer { close(socket) }
        var (credentials, size) = ((pid: pid_t(0), uid: UInt32(0), gid: UInt32(0)), socklen_t(12))
        guard Glibc.getsockopt(socket, SOL_SOCKET, 17, &credentials, &size) == 0 else { throw Errno(rawValue: errno) }
        if let peer = call.kernel.processes.processes[credentials.pid] {
            credentials.uid = peer.inherited.identity.effectiveUID
            credentials.gid = peer.inherited.identity.effectiveGID
            credentials.pid = call.kernel.visible(credentials.pid)
        } else if credentials.pid != 0 {
            // Gone, or outside.
            credentials = (0, credentials.uid == geteuid() ? 0 : 65534, credentials.gid == getegid() ? 0 : 65534)
        }
        let room = try call.read(UInt32.self, at: call[4])
        let words = [UInt32(bitPattern: credentials.pid), credentials.uid, credentials.gid]
        try call.write(array: Array(words.prefix(Int(min(room, 12)) / 4)), at: call[3])
        try call.write(UInt32(min(room, 12)), at: call[4])
        return .value(0)
    }

    /// A duplicate of the caller's socket, or nil where this kernel cannot have one and does not have to.
    private static func duplicate(_ call: CallContext) throws(Errno) -> CInt? {
        do throws(Errno) {
            return try call.kernel.sockets.duplicate(of: call.int(0), call)
        } catch {
            if error == .notPermitted, call.kernel.sockets.canMiss { return nil }
            throw error
        }
    }

    // MARK: Addresses

    /// An address as the caller gave it.
    struct Address {
        var bytes: [UInt8]
        var family: CInt { bytes.count >= 2 ? CInt(bytes[0]) | CInt(bytes[1]) << 8 : AF_UNSPEC }

        /// As getsockname(2) tells it: a path ends with its NUL, however much came behind (unix(7)).
        var shown: [UInt8] {
            guard family == AF_UNIX, bytes.count > 2, bytes[2] != 0, let name = unixName else { return bytes }
            return bytes[..<2] + name + [0]
        }

        /// A unix socket's name: a path, or a zero and an abstract name; nil for none (autobind).
        var unixName: [UInt8]? {
            guard bytes.count > 2 else { return nil }
            if bytes[2] == 0 { return Array(bytes[2...]) }
            return Array(bytes[2...].prefix { $0 != 0 })
        }
    }

    /// An address for the host, and a descriptor that it names, to be closed after use.
    struct Target: Sendable {
        var bytes: [UInt8]
        var descriptor: CInt = -1

        func withAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
            bytes.withUnsafeBytes { raw in
                body(raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
            }
        }
    }

    private static func readAddress(_ call: CallContext, _ index: Int) throws(Errno) -> Address {
        try readAddress(call, at: call[index], size: call.int(index + 1))
    }

    static func readAddress(_ call: CallContext, at pointer: UInt64, size: CInt) throws(Errno) -> Address {
        guard size >= 2, size <= 128 else { throw .invalidArgument }
        return Address(bytes: try call.readArray(UInt8.self, at: pointer, count: Int(size)))
    }

    /// - Parameter socket: whose name it is from here on, if any's.
    static func translate(_ address: Address, _ call: CallContext, _ socket: CInt?) throws(Errno) -> Target {
        guard address.family == AF_UNIX, let name = address.unixName else { return Target(bytes: address.bytes) }
        if let socket, let inode = SocketTable.inode(socket) { call.kernel.sockets.remember(address.shown, for: inode) }
        if name.first == 0 { return Target(bytes: try abstractAddress(address, name, call)) }
        let state = call.process.inherited.files
        let base = name.first == UInt8(ascii: "/") ? state.root : state.folder
        let files = call.kernel.files.system
        let node = try files.resolve(name, from: base, for: call.caller, .followLast).node()
        guard node.type == .socket else { throw Errno(rawValue: ECONNREFUSED) }
        try files.checkAccess(.write, to: node, for: call.caller)
        let descriptor = try files.hostDescriptor(of: node)
        return Target(bytes: try unixAddress(Array("/proc/self/fd/\(descriptor)".utf8)), descriptor: descriptor)
    }

    /// An abstract name's on the host. One that has no room behind what is put before it goes by a hash.
    private static func abstractAddress(
        _ address: Address, _ name: [UInt8], _ call: CallContext
    ) throws(Errno) -> [UInt8] {
        let prefix = call.kernel.abstractPrefix
        guard name.count <= 108 else { throw .invalidArgument }
        let host = prefix + name.dropFirst()
        if host.count <= 107 { return try unixAddress(host) }
        let hashed = try unixAddress(prefix + [0] + SocketTable.hash(name))
        call.kernel.sockets.rememberLong(address.bytes, as: hashed)
        return hashed
    }

    private static func unixAddress(_ name: [UInt8]) throws(Errno) -> [UInt8] {
        guard name.count <= 107 else { throw .invalidArgument }
        return [UInt8(AF_UNIX), 0] + name + (name.first == 0 ? [] : [0])
    }

    private static func perform(
        _ target: Target, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws(Errno) {
        guard target.withAddress(body) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func finish(_ socket: CInt, _ target: Target) {
        if target.descriptor >= 0 { close(target.descriptor) }
        close(socket)
    }

    private static func name(
        _ call: CallContext, _ ask: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) throws(Errno) -> Reply {
        guard let socket = try duplicate(call) else {
            guard let inode = SocketTable.inode(of: call.int(0), call), let name = call.kernel.sockets.name(for: inode)
            else { return .native }
            return try answer(call, name)
        }
        defer { close(socket) }
        var bytes = [UInt8](repeating: 0, count: 128)
        var size = socklen_t(128)
        let result = bytes.withUnsafeMutableBytes {
            ask(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        bytes = Array(bytes.prefix(Int(size)))
        if bytes.count > 2, bytes[0] == UInt8(AF_UNIX) {
            let prefix = call.kernel.abstractPrefix
            if let long = call.kernel.sockets.longName(bytes) {
                bytes = long
            } else if bytes[2...].starts(with: prefix) {
                bytes = Array(bytes[..<3]) + bytes[(2 + prefix.count)...]
            } else if let inode = SocketTable.inode(socket), let name = call.kernel.sockets.name(for: inode) {
                bytes = name
            }
        }
        return try answer(call, bytes)
    }

    /// Writes an address to where the caller wants it, as much as there is room for.
    private static func answer(_ call: CallContext, _ bytes: [UInt8]) throws(Errno) -> Reply {
        let room = try call.read(Int32.self, at: call[2])
        guard room >= 0 else { throw .invalidArgument }
        try call.write(Array(bytes.prefix(Int(room))), at: call[1])
        try call.write(Int32(bytes.count), at: call[2])
        return .value(0)
    }
}

extension Kernel {
    /// What stands before the container's abstract names on the host: a zero, and something of its own.
    var abstractPrefix: [UInt8] {
        var hash: UInt32 = 2_166_136_261
        for byte in Array(specification.id.utf8) + Array(controlPath.string.utf8) {
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        return [0] + Array(("uk" + String(hash, radix: 16) + "/").utf8)
    }
}
