import ContainerdAPI
import OCISpec

extension ContainerdClient {
    /// The snapshots of one snapshotter.
    public func snapshots(_ snapshotter: String = "overlayfs") -> SnapshotsClient {
        SnapshotsClient(client: self, snapshotter: snapshotter)
    }

    /// What turns layers into snapshots and back.
    public var diff: DiffClient { DiffClient(client: self) }
}

/// Snapshots: file systems in layers, handed out as mounts.
public struct SnapshotsClient: Sendable {
    let client: ContainerdClient
    /// `overlayfs` or `native`.
    public let snapshotter: String

    /// Makes a writable snapshot over a committed one (empty: over nothing).
    public func prepare(_ key: String, parent: String, labels: [String: String] = [:]) async throws -> [Mount] {
        try await client.call(SnapshotsService.prepare) {
            $0.snapshotter = snapshotter
            $0.key = key
            $0.parent = parent
            $0.labels = labels
        }.mounts
    }

    /// Makes a read-only snapshot of a committed one.
    public func view(_ key: String, parent: String, labels: [String: String] = [:]) async throws -> [Mount] {
        try await client.call(SnapshotsService.view) {
            $0.snapshotter = snapshotter
            $0.key = key
            $0.parent = parent
            $0.labels = labels
        }.mounts
    }

    /// The mounts of an active snapshot.
    public func mounts(_ key: String) async throws -> [Mount] {
        try await client.call(SnapshotsService.mounts) {
            $0.snapshotter = snapshotter
            $0.key = key
        }.mounts
    }

    /// Turns the active snapshot `key` into the committed one `name`.
    public func commit(_ name: String, key: String, labels: [String: String] = [:]) async throws {
        _ = try await client.call(SnapshotsService.commit) {
            $0.snapshotter = snapshotter
            $0.name = name
            $0.key = key
            $0.labels = labels
        }
    }

    /// Removes a snapshot without children.
    public func remove(_ key: String) async throws {
        _ = try await client.call(SnapshotsService.remove) {
            $0.snapshotter = snapshotter
            $0.key = key
        }
    }

    /// What is known of a snapshot.
    public func stat(_ key: String) async throws -> SnapshotInfo {
        try await client.call(SnapshotsService.stat) {
            $0.snapshotter = snapshotter
            $0.key = key
        }.info
    }

    /// Sets labels; an empty value removes its label.
    public func label(_ key: String, _ labels: [String: String]) async throws -> SnapshotInfo {
        try await client.call(SnapshotsService.update) {
            $0.snapshotter = snapshotter
            $0.info.name = key
            $0.info.labels = labels
            $0.updateMask = fieldMask(labels.keys.map { "labels.\($0)" })
        }.info
    }

    /// The snapshots that match any of `filters`; all without filters.
    public func list(filters: [String] = []) async throws -> [SnapshotInfo] {
        var infos: [SnapshotInfo] = []
        let pages = try client.stream(SnapshotsService.list) {
            $0.snapshotter = snapshotter
            $0.filters = filters
        }
        for try await page in pages { infos += page.info }
        return infos
    }

    /// What a snapshot itself takes: bytes and files, its parents not counted.
    public func usage(_ key: String) async throws -> (size: Int64, inodes: Int64) {
        let usage = try await client.call(SnapshotsService.usage) {
            $0.snapshotter = snapshotter
            $0.key = key
        }
        return (usage.size, usage.inodes)
    }

    /// Removes from the disk what no snapshot needs any more.
    public func cleanup() async throws {
        _ = try await client.call(SnapshotsService.cleanup) { $0.snapshotter = snapshotter }
    }
}

/// What turns layers into snapshots and back.
public struct DiffClient: Sendable {
    let client: ContainerdClient

    /// The metadata that names the write under which a layer is coming in. containerd does not know it.
    private static let ingestHeader = "ukontainer-ingest"

    /// Unpacks a layer into `mounts` and returns the descriptor of its uncompressed tar.
    ///
    /// - Parameter ingest: the name of the write under which the layer is coming in; ukmanager then unpacks while it comes.
    /// - Throws: `notFound` when the blob is not there, and the server does not know the write or what to do with its name;
    ///   `unavailable` when the write is given up.
    public func apply(_ layer: Descriptor, to mounts: [Mount], ingest: String? = nil) async throws -> Descriptor {
        var client = client
        if let ingest { client.metadata[Self.ingestHeader] = ingest }
        let response = try await client.call(DiffService.apply) {
            $0.diff = layer.message
            $0.mounts = mounts
        }
        return Descriptor(response.applied)
    }

    /// Writes the changes from `left` to `right` as a layer.
    public func diff(
        from left: [Mount], to right: [Mount], mediaType: String = MediaType.ociLayerGzip, reference: String = "",
        labels: [String: String] = [:]
    ) async throws -> Descriptor {
        let response = try await client.call(DiffService.diff) {
            $0.left = left
            $0.right = right
            $0.mediaType = mediaType
            $0.ref = reference
            $0.labels = labels
        }
        return Descriptor(response.diff)
    }
}
