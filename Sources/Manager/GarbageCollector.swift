import ContentStore
import Logging
import Metadata
import Snapshots
import Synchronization

/// Takes away content and snapshots that nothing refers to, soon after something was deleted.
final class GarbageCollector: Sendable {
    private let metadata: MetadataStore
    private let content: ContentStore
    private let snapshotters: [String: Snapshotter]
    private let log: Logger
    private let scheduled = Mutex(false)
    private let turn = Gate(limit: 1)

    init(metadata: MetadataStore, content: ContentStore, snapshotters: [String: Snapshotter], log: Logger) {
        self.metadata = metadata
        self.content = content
        self.snapshotters = snapshotters
        self.log = log
    }

    /// Collects shortly; calls until then count as one.
    func schedule(after delay: Duration = .milliseconds(100)) {
        let isFirst = scheduled.withLock { scheduled in
            defer { scheduled = true }
            return !scheduled
        }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: delay)
            scheduled.withLock { $0 = false }
            do {
                try await collect()
            } catch {
                log.error("garbage collection failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Collects before it returns when `now` is set, else shortly.
    func collectAfterDelete(now: Bool) async throws {
        if now { try await collect() } else { schedule() }
    }

    /// Collects, and removes what a crash left behind.
    func collectAll() async throws {
        let collected = try await collect()
        try await content.removeLeftovers(kept: collected.keptIngests)
        for snapshotter in snapshotters.values { try await snapshotter.removeLeftovers() }
    }

    @discardableResult
    private func collect() async throws -> Collected {
        await turn.enter()
        defer { turn.leave() }
        let clock = ContinuousClock()
        let start = clock.now
        let collected = try await metadata.collect()
        try await content.removeHidden(Array(Set(collected.content.map(\.digest))))
        for (name, snapshotter) in snapshotters {
            snapshotter.removeFolders(collected.snapshots.filter { $0.snapshotter == name }.map(\.number))
        }
        if !collected.content.isEmpty || !collected.snapshots.isEmpty || collected.leases > 0 {
            log.info(
                "garbage collected",
                metadata: [
                    "content": "\(collected.content.count)", "snapshots": "\(collected.snapshots.count)",
                    "leases": "\(collected.leases)", "d": "\(clock.now - start)",
                ])
        }
        return collected
    }
}
