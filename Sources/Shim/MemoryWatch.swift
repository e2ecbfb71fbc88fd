import Glibc

/// Looks after the file in which a container's kernel counts the processes that it killed for want of memory, as containerd's
/// own shims look after a cgroup's memory.events: `oom` in the runtime's folder of the container, one byte for each.
final class MemoryWatch {
    private let path: String
    private let descriptor: CInt
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private let told: () -> Void
    /// Kills that have been told.
    private(set) var count = 0

    /// - Parameters:
    ///   - folder: the runtime's, of this container.
    ///   - told: called for each kill.
    /// - Returns: nil where there is no such folder: another runtime serves the container.
    init?(_ loop: EventLoop, folder: String, told: @escaping () -> Void) {
        descriptor = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        path = folder + "/oom"
        self.loop = loop
        self.told = told
        guard inotify_add_watch(descriptor, folder, UInt32(IN_MODIFY)) >= 0 else {
            Glibc.close(descriptor)
            return nil
        }
        watch = try? loop.watch(descriptor, .read) { [unowned self] _ in
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
                while read(descriptor, buffer.baseAddress!, buffer.count) > 0 {}
            }
            look()
        }
    }

    deinit {
        if let watch { loop.unwatch(watch) }
        Glibc.close(descriptor)
    }

    /// Tells what has not been told yet.
    func look() {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        while count < status.st_size {
            count += 1
            told()
        }
    }
}
