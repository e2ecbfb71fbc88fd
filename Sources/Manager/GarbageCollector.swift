import ContainerdAPI
import ContentStore
import Logging
import Metadata
import Snapshots
import SwiftProtobuf
import Synchronization

/// Takes away content and snapshots that nothing refers to, soon after something was deleted.
final class GarbageCollector: Sendable {
    private let metadata: MetadataStore
    private let content: ContentStore
    private let snapshotters: [String: Snapshotter]
    private let events: EventExchange
    private let log: Logger
    private let settings: CollectionSettings
    private let state = Mutex(State())
    private let turn = Gate(limit: 1)

    private struct State {
        var isScheduled = false
        /// Since the last collection.
        var deletions = 0
        /// When the next thing goes by itself, and what waits for that.
        var expiry: (time: Google_Protobuf_Timestamp, wait: Task<Void, Never>)?
        /// Before this, none is begun by itself.
        var earliest = ContinuousClock.now
    }

    init(
        metadata: MetadataStore, content: ContentStore, snapshotters: [String: Snapshotter],
        settings: CollectionSettings, events: EventExchange, log: Logger
    ) {
        self.events = events
        self.settings = settings
        self.metadata = metadata
        self.content = content
        self.snapshotters = snapshotters
        self.log = log
    }

    /// Takes note that something was deleted, and collects shortly when that is due.
    func schedule() {
        let settings = settings
        let begin: ContinuousClock.Instant? = state.withLock { state in
            state.deletions += 1
            guard !state.isScheduled, settings.deletionThreshold > 0, state.deletions >= settings.deletionThreshold
            else { return nil }
            state.isScheduled = true
            return max(.now + .milliseconds(settings.scheduleDelay), state.earliest)
        }
        guard let begin else { return }
        Task {
            try? await Task.sleep(until: begin)
            state.withLock { $0.isScheduled = false }
            do {
                try await collect()
            } catch {
                log.error("garbage collection failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Collects when `time` is over: something goes by itself then.
    func expect(_ time: Google_Protobuf_Timestamp?) {
        guard let time else { return }
        state.withLock { held in
            if let expiry = held.expiry {
                guard time < expiry.time else { return }
                expiry.wait.cancel()
            }
            let wait = Task {
                do {
                    while case let rest = time.seconds - Google_Protobuf_Timestamp.now.seconds, rest >= 0 {
                        // Labels count by the wall clock, which may be set; sleeping does not.
                        try await Task.sleep(for: .seconds(min(rest + 1, 3600)))
                    }
                } catch {
                    return
                }
                state.withLock { $0.expiry = nil }
                do {
                    try await collect()
                } catch {
                    log.error("garbage collection failed", metadata: ["error": "\(error)"])
                }
            }
            held.expiry = (time, wait)
        }
    }

    /// Collects before it returns when `now` is set, else shortly.
    func collectAfterDelete(now: Bool) async throws {
        if now { try await collect() } else { schedule() }
    }

    /// Collects, and removes what a crash left behind.
    func collectAll() async throws {
        if settings.startupDelay > 0 { try await Task.sleep(for: .milliseconds(settings.startupDelay)) }
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
        state.withLock { $0.deletions = 0 }
        let collected = try await metadata.collect()
        let (end, part) = (clock.now, settings.pauseThreshold)
        if part > 0 { state.withLock { $0.earliest = end + (end - start) * (1 / part - 1) } }
        expect(collected.expiry)
        for image in collected.images {
            var event = Containerd_Services_Images_V1_ImageDelete()
            event.name = image.name
            events.publish(event, topic: "/images/delete", in: image.namespace)
        }
        try await content.removeHidden(Array(Set(collected.content.map(\.digest))))
        for (name, snapshotter) in snapshotters {
            snapshotter.removeFolders(collected.snapshots.filter { $0.snapshotter == name }.map(\.number))
        }
        if !collected.isEmpty {
            log.info(
                "garbage collected",
                metadata: [
                    "content": "\(collected.content.count)", "snapshots": "\(collected.snapshots.count)",
                    "leases": "\(collected.leases)", "images": "\(collected.images.count)", "d": "\(clock.now - start)",
                ])
        }
        return collected
    }
}
