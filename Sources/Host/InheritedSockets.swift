import Glibc
import SystemPackage

/// Listening sockets that a service manager opened beforehand and passed on, after sd_listen_fds(3): descriptors from 3
/// on, their number in `LISTEN_FDS`, the process that they are meant for in `LISTEN_PID`.
public enum InheritedSockets {
    /// The inherited socket that listens at `path`, made close-on-exec; nil when there is none.
    ///
    /// Whoever takes it leaves the socket's file alone at the end: the service manager goes on listening there.
    public static func take(_ path: FilePath) -> FileDescriptor? {
        guard number("LISTEN_PID") == getpid(), let count = number("LISTEN_FDS"), (1...1024).contains(count) else {
            return nil
        }
        for descriptor in 3..<(3 + count) where name(of: descriptor) == path.lexicallyNormalized() {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return FileDescriptor(rawValue: descriptor)
        }
        return nil
    }

    private static func number(_ variable: String) -> CInt? {
        getenv(variable).flatMap { CInt(String(cString: $0)) }
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
