import Glibc
import Host
import SystemPackage

/// Keeps other calls of runu from changing a container at the same time: a lock on its folder, which the host gives back
/// when this process ends, however it ends.
struct ContainerLock {
    private let descriptor: CInt

    /// Waits for the lock of the container in `folder`.
    ///
    /// - Throws: `RuntimeError` when the container is gone, also when it went while this call waited.
    init(_ folder: FilePath) throws {
        let descriptor = open(folder.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RuntimeError.doesNotExist }
        while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
        var (mine, current) = (stat(), stat())
        guard fstat(descriptor, &mine) == 0, stat(folder.string, &current) == 0, mine.st_ino == current.st_ino else {
            close(descriptor)
            throw RuntimeError.doesNotExist
        }
        self.descriptor = descriptor
    }

    /// Lets the next one in.
    func release() {
        close(descriptor)
    }
}
