import CHost
import Glibc
import SystemPackage

/// Unix stream sockets by path, of any length: a path beyond `sun_path` is reached through its folder's descriptor.
public enum UnixSocket {
    /// Binds and listens. The socket file has mode 0600, or 0660 with a group.
    ///
    /// A folder of this user's own, in which the socket lies, lets those pass who may connect.
    ///
    /// - Parameters:
    ///   - replacingDead: removes a socket file that nobody listens on any more.
    ///   - user: who may connect too, as the socket's owner; only root can give it away.
    ///   - group: whose members may connect too.
    /// - Throws: `HostError` with `addressInUse` when somebody listens at `path`.
    public static func listen(
        _ path: FilePath, backlog: CInt = 128, replacingDead: Bool = true, user: uid_t? = nil,
        group: gid_t? = nil
    ) throws -> FileDescriptor {
        let socket = try make()
        do {
            try withAddress(path) { address, size in
                var result = bind(socket.rawValue, address, size)
                if result != 0, Glibc.errno == EADDRINUSE, replacingDead, !isAlive(path) {
                    unlink(path.string)
                    result = bind(socket.rawValue, address, size)
                }
                guard result == 0 else { throw HostError.last("listen on", path.string) }
            }
            chmod(path.string, 0o600)
            if let group { try admit(group, to: path) }
            if let user, user != geteuid() { try give(path, to: user) }
            guard Glibc.listen(socket.rawValue, backlog) == 0 else { throw HostError.last("listen on", path.string) }
            return socket
        } catch {
            try? socket.close()
            throw error
        }
    }

    /// Connects to the listener at `path`, blocking.
    ///
    /// - Parameter timeout: milliseconds that this and any later single send or receive on the socket may take before it
    ///   fails with `resourceTemporarilyUnavailable`; nil: for ever.
    public static func connect(_ path: FilePath, timeout: Int32? = nil) throws -> FileDescriptor {
        let socket = try make()
        do {
            if let timeout {
                try HostError.check(ukh_set_socket_timeout(socket.rawValue, timeout), "set timeout of", "socket")
            }
            try withAddress(path) { address, size in
                while Glibc.connect(socket.rawValue, address, size) != 0 {
                    guard Glibc.errno == EINTR else { throw HostError.last("connect to", path.string) }
                }
            }
            return socket
        } catch {
            try? socket.close()
            throw error
        }
    }

    /// Accepts one connection, close-on-exec.
    public static func accept(_ listener: FileDescriptor) throws -> FileDescriptor {
        FileDescriptor(rawValue: try HostError.check(ukh_accept(listener.rawValue), "accept on", "socket"))
    }

    /// A connected pair, close-on-exec.
    public static func pair() throws -> (FileDescriptor, FileDescriptor) {
        var fds: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &fds) == 0 else {
            throw HostError.last("create", "socket pair")
        }
        return (FileDescriptor(rawValue: fds[0]), FileDescriptor(rawValue: fds[1]))
    }

    /// Whether somebody listens at `path`.
    public static func isAlive(_ path: FilePath) -> Bool {
        guard let socket = try? connect(path) else { return false }
        try? socket.close()
        return true
    }

    /// The process at the other end.
    public static func peer(of socket: FileDescriptor) throws -> (pid: pid_t, uid: uid_t, gid: gid_t) {
        var (pid, uid, gid) = (pid_t(0), uid_t(0), gid_t(0))
        try HostError.check(ukh_peer(socket.rawValue, &pid, &uid, &gid), "read peer of", "socket")
        return (pid, uid, gid)
    }

    /// Whether the process at the other end belongs to this process's user, to root or to `user`, or its user to `group`.
    ///
    /// Modes of sockets and folders keep others out already; a descriptor may have been passed on, or a mode changed.
    public static func isTrusted(_ socket: FileDescriptor, user: uid_t? = nil, group: gid_t? = nil) -> Bool {
        guard let peer = try? peer(of: socket) else { return false }
        if peer.uid == geteuid() || peer.uid == 0 || peer.uid == user { return true }
        return group.map { ukh_peer_has_group(socket.rawValue, $0) == 1 } ?? false
    }

    /// The number of a group that is given by name or number.
    ///
    /// - Throws: `HostError` (no such file) when there is none of that name.
    public static func group(_ text: String) throws -> gid_t {
        if let number = gid_t(text) { return number }
        var group: gid_t = 0
        try HostError.check(ukh_group_number(text, &group), "find group", text)
        return group
    }

    private static func admit(_ group: gid_t, to path: FilePath) throws {
        try openFolder(of: path, closedTo: 0o077, 0o010) { chown($0, uid_t.max, group) }
        guard chown(path.string, uid_t.max, group) == 0, chmod(path.string, 0o660) == 0 else {
            throw HostError.last("open to the group the socket", path.string)
        }
    }

    /// The folder's owner stays, so everybody may pass, to sockets that let nobody else in.
    private static func give(_ path: FilePath, to user: uid_t) throws {
        guard chown(path.string, user, gid_t.max) == 0 else {
            throw HostError.last("give to user \(user) the socket", path.string)
        }
        try openFolder(of: path, closedTo: 0o007, 0o001) { _ in 0 }
    }

    private static func openFolder(
        of path: FilePath, closedTo others: mode_t, _ bits: mode_t, _ change: (String) -> CInt
    ) throws {
        let folder = path.removingLastComponent()
        var status = stat()
        guard stat(folder.string, &status) == 0, status.st_uid == geteuid(), status.st_mode & others == 0 else {
            return
        }
        guard change(folder.string) == 0, chmod(folder.string, status.st_mode & 0o7777 | bits) == 0 else {
            throw HostError.last("open the folder", folder.string)
        }
    }

    /// How many descriptors one message takes with it: what unix(7) allows.
    public static let mostDescriptors = Int(UKH_MOST_DESCRIPTORS)

    /// Sends all of `bytes`; the descriptors go with the first byte.
    public static func send(
        _ bytes: UnsafeRawBufferPointer, descriptors: [FileDescriptor] = [], to socket: FileDescriptor
    ) throws {
        var sent = 0
        let fds = descriptors.map(\.rawValue)
        while sent < bytes.count {
            let n = ukh_send_fds(
                socket.rawValue, bytes.baseAddress! + sent, bytes.count - sent, fds, sent == 0 ? CInt(fds.count) : 0)
            sent += try HostError.check(n, "send to", "socket")
        }
    }

    /// Receives up to `buffer.count` bytes and any descriptors with them; 0 bytes at the end of the stream.
    public static func receive(
        into buffer: UnsafeMutableRawBufferPointer, from socket: FileDescriptor
    ) throws -> (count: Int, descriptors: [FileDescriptor]) {
        var fds = [CInt](repeating: -1, count: mostDescriptors)
        var count = CInt(fds.count)
        let n = ukh_receive_fds(socket.rawValue, buffer.baseAddress, buffer.count, &fds, &count)
        try HostError.check(n, "receive from", "socket")
        return (n, fds.prefix(Int(count)).map { FileDescriptor(rawValue: $0) })
    }

    private static func make() throws -> FileDescriptor {
        let fd = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw HostError.last("create", "socket") }
        return FileDescriptor(rawValue: fd)
    }

    private static func withAddress(
        _ path: FilePath, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        var name = path.string
        var folder: CInt = -1
        defer { if folder >= 0 { close(folder) } }
        if name.utf8.count >= room {
            folder = open(path.removingLastComponent().string, CInt(UKH_O_PATH) | O_DIRECTORY | O_CLOEXEC)
            guard folder >= 0 else { throw HostError.last("open folder of socket", path.string) }
            name = "/proc/self/fd/\(folder)/\(path.lastComponent?.string ?? "")"
            guard name.utf8.count < room else { throw HostError(.fileNameTooLong, "use socket", path.string) }
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
        try withUnsafePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
