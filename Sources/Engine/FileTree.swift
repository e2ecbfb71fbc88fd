import Foundation
import Glibc
import Host
import SystemPackage

/// Whole folders of the host. The work blocks, so it is done on a thread of its own.
enum FileTree {
    /// Removes a file or a folder with all that it holds; folders that their owner may not enter as well.
    ///
    /// - Throws: `HostError` for what could not be removed.
    static func remove(_ path: FilePath) async throws {
        try await blocking { try removeNow(path.string) }
    }

    /// The same, on this thread.
    static func removeNow(_ path: String) throws {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM || errno == EACCES else { throw HostError.last("remove", path) }
        chmod(path, 0o700)
        for name in try names(path) { try removeNow(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw HostError.last("remove", path) }
    }

    /// Bytes of all files below.
    static func size(_ path: FilePath) async throws -> Int64 {
        try await blocking { sizeNow(path.string) }
    }

    private static func sizeNow(_ path: String) -> Int64 {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int64(status.st_size) }
        return ((try? names(path)) ?? []).reduce(0) { $0 + sizeNow(path + "/" + $1) }
    }

    private static func names(_ path: String) throws -> [String] { try Folders.names(in: FilePath(path)) }

    /// Writes a small file so that a crash leaves the old one or the new one.
    static func write(_ text: String, to path: FilePath, mode: mode_t = 0o644) throws {
        let fresh = path.string + ".new"
        let fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard fd >= 0 else { throw HostError.last("create", fresh) }
        // Users of the container read it; the daemon's umask is not theirs.
        fchmod(fd, mode)
        do {
            _ = try FileDescriptor(rawValue: fd).closeAfter { try FileDescriptor(rawValue: fd).writeAll(text.utf8) }
        } catch let error as Errno {
            throw HostError(error, "write", fresh)
        }
        guard rename(fresh, path.string) == 0 else { throw HostError.last("rename", fresh) }
    }

    /// Runs `body` on a thread that may block.
    static func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }
}
