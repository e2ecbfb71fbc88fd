import Glibc
import SystemPackage

/// Files that appear whole or not at all.
public enum AtomicFile {
    /// Writes `bytes` beside `path` and renames the result to it.
    ///
    /// - Parameter durable: whether the change outlives a crash of the host (fsync before the rename). A kill -9 of this
    ///   process loses nothing either way.
    public static func write(
        _ bytes: some Collection<UInt8>, to path: FilePath, mode: mode_t = 0o600, durable: Bool = false
    ) throws {
        let name = path.lastComponent?.string ?? ""
        let temporary = path.removingLastComponent().appending(".\(name).\(getpid())").string
        let fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard fd >= 0 else { throw HostError.last("create", temporary) }
        do {
            defer { close(fd) }
            try FileDescriptor(rawValue: fd).writeAll(Array(bytes))
            if durable, fsync(fd) != 0 { throw HostError.last("flush", temporary) }
        } catch {
            unlink(temporary)
            throw (error as? Errno).map { HostError($0, "write", path.string) } ?? error
        }
        guard rename(temporary, path.string) == 0 else {
            let error = HostError.last("replace", path.string)
            unlink(temporary)
            throw error
        }
    }
}
