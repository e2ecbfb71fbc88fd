// Unsafe pointers: inotify(7)'s events.
import Glibc
import SystemPackage

/// Counts the processes that a container's kernel has killed for want of memory: `oom` in the runtime's folder of the
/// container, one byte for each.
public final class KillCount {
    /// Readable when there may be more. `more` reads it.
    public let descriptor: CInt
    private let path: String
    /// Kept open, so that what was written last is seen though the folder goes.
    private var file: CInt = -1
    /// How many `more` has told of.
    public private(set) var told = 0

    /// - Parameter folder: the runtime's, of this container.
    /// - Returns: nil where there is no such folder: another runtime serves the container.
    public init?(folder: String) {
        descriptor = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        path = folder + "/oom"
        guard descriptor >= 0, inotify_add_watch(descriptor, folder, UInt32(IN_MODIFY)) >= 0 else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
    }

    deinit {
        close(descriptor)
        if file >= 0 { close(file) }
    }

    /// How many have been killed since it was asked last.
    public func more() -> Int {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress!, buffer.count) > 0 {}
        }
        if file < 0 { file = open(path, O_RDONLY | O_CLOEXEC) }
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0 else { return 0 }
        defer { told = Int(status.st_size) }
        return max(0, Int(status.st_size) - told)
    }
}
