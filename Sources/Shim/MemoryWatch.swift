import Host

/// Tells of the processes that a container's kernel kills for want of memory, as containerd's own shims look after a cgroup's
/// memory.events.
final class MemoryWatch {
    private let kills: KillCount
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private let told: () -> Void
    /// Kills that have been told.
    var count: Int { kills.told }

    /// - Parameters:
    ///   - folder: the runtime's, of this container.
    ///   - told: called for each kill.
    /// - Returns: nil where there is no such folder: another runtime serves the container.
    init?(_ loop: EventLoop, folder: String, told: @escaping () -> Void) {
        guard let kills = KillCount(folder: folder) else { return nil }
        (self.kills, self.loop, self.told) = (kills, loop, told)
        watch = try? loop.watch(kills.descriptor, .read) { [unowned self] _ in look() }
    }

    deinit {
        if let watch { loop.unwatch(watch) }
    }

    /// Tells what has not been told yet.
    func look() {
        for _ in 0..<kills.more() { told() }
    }
}
