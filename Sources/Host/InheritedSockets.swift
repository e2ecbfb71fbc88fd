import Glibc
import SystemPackage

/// Listening sockets that a service manager opened beforehand and passed on, after sd_listen_fds(3): descriptors from 3
/// on, their number in `LISTEN_FDS`, the process that they are meant for in `LISTEN_PID`.
public enum InheritedSockets {
    /// The inherited socket that listens at `path`, made close-on-exec; nil when there is none.
    ///
    /// Whoever takes it leaves the socket's file alone at the end: the service manager goes on listening there.
    ///
    /// - Parameter variable: the value of an environment variable; the process's own, when nothing else is said.
    public static func take(
        _ path: FilePath, variable: (String) -> String? = { Host.environment($0) }
    ) -> FileDescriptor? {
        func number(_ name: String) -> CInt? { variable(name).flatMap { CInt($0) } }
        guard number("LISTEN_PID") == getpid(), let count = number("LISTEN_FDS") else { return nil }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let end = min(3 + Int64(count), Int64(clamping: limit.rlim_cur))
        for descriptor in 3..<CInt(max(end, 3)) where name(of: descriptor) == path.lexicallyNormalized() {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return FileDescriptor(rawValue: descriptor)
        }
        return nil
    }

    /// The path of a listening unix socket; nil for any other descriptor.
    private static func name(of descriptor: CInt) -> FilePath? {
        var listens: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens == 1 else { return nil }
        var address = sockaddr_un()
        size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
        return withUnsafeBytes(of: &address) { bytes in
            let path = bytes[offset..<max(offset, min(Int(size), bytes.count))].prefix { $0 != 0 }
            return FilePath(String(decoding: path, as: UTF8.self)).lexicallyNormalized()
        }
    }
}
