import Archive
import ContainerdAPI
import Glibc
import Host
import Metadata
import RPC
import SwiftProtobuf
import SystemPackage

/// Snapshots as folders `snapshots/N/fs` (and `work`), handed out as mounts in the form of containerd's overlayfs
/// snapshotter. Nothing is mounted: who gets the mounts reads the form.
public final class Snapshotter: Sendable {
    /// The name by which clients ask for it.
    public let name: String
    /// The folder of the snapshotter.
    public let root: FilePath
    private let metadata: MetadataStore
    /// A file in a folder that has lost its record.
    private static let lostMark: FilePath.Component = "lost"
    /// How folders are called until they are whole.
    private static let unfinished = "new-"

    /// Opens or makes the snapshotter at `root`.
    public init(name: String, root: FilePath, metadata: MetadataStore) throws {
        self.name = name
        self.root = root
        self.metadata = metadata
        try Folders.make(root.appending("snapshots"))
        Folders.spread(root.appending("snapshots"))
    }

    /// Makes an active snapshot on `parent` (empty for none), and returns its mounts.
    public func prepare(
        _ key: String, parent: String, labels: [String: String], in scope: Scope
    ) async throws -> [Mount] {
        try await create(key, kind: .active, parent: parent, labels: labels, in: scope)
    }

    /// Makes a view of `parent`, which cannot be written to, and returns its mounts.
    public func view(
        _ key: String, parent: String, labels: [String: String], in scope: Scope
    ) async throws -> [Mount] {
        try await create(key, kind: .view, parent: parent, labels: labels, in: scope)
    }

    /// The mounts of an active snapshot or a view.
    public func mounts(_ key: String, in scope: Scope) async throws -> [Mount] {
        let record = try await metadata.snapshot(key, of: name, in: scope)
        guard record.info.kind != .committed else {
            throw RPCError.failedPrecondition("requested snapshot \(key) not active")
        }
        return mounts(record)
    }

    /// Turns the active snapshot `key` into the committed snapshot `newName`.
    public func commit(_ key: String, as newName: String, labels: [String: String], in scope: Scope) async throws {
        let record = try await metadata.snapshot(key, of: name, in: scope)
        let folder = files(record.number)
        let usage = try await BlockingWork.run { try LayerFolder.usage(of: folder) }
        try await metadata.commitSnapshot(key, as: newName, labels: labels, usage: usage, of: name, in: scope)
    }

    /// Removes a snapshot without children.
    public func remove(_ key: String, in scope: Scope) async throws {
        let number = try await metadata.removeSnapshot(key, of: name, in: scope)
        removeFolders([number])
    }

    /// What is known of a snapshot.
    public func stat(_ key: String, in scope: Scope) async throws -> SnapshotInfo {
        try await metadata.snapshot(key, of: name, in: scope).info
    }

    /// Changes labels.
    public func update(
        _ info: SnapshotInfo, mask: Google_Protobuf_FieldMask?, in scope: Scope
    ) async throws -> SnapshotInfo {
        try await metadata.update(info, mask: mask, of: name, in: scope)
    }

    /// The snapshots that `filter` matches, by key.
    public func list(matching filter: Filter, in scope: Scope) async throws -> [SnapshotInfo] {
        try await metadata.snapshots(matching: filter, of: name, in: scope)
    }

    /// Bytes and inodes that a snapshot takes by itself.
    public func usage(_ key: String, in scope: Scope) async throws -> (size: Int64, inodes: Int64) {
        let record = try await metadata.snapshot(key, of: name, in: scope)
        if let usage = record.usage { return usage }
        if record.info.kind == .view { return (0, 0) }
        let folder = files(record.number)
        return try await BlockingWork.run { try LayerFolder.usage(of: folder) }
    }

    /// Marks folders that no snapshot has so that they are not removed: after damage to the metadata, a container may run on
    /// them, or somebody want their files back.
    ///
    /// - Returns: the folders.
    public func keepLeftovers() async throws -> [FilePath] {
        let known = try await metadata.snapshotNumbers(of: name)
        let lost = names().compactMap { Int64($0) }.filter { !known.contains($0) }
        for number in lost {
            let mark = root.appending("snapshots/\(number)").appending(Self.lostMark)
            try FileDescriptor.open(mark, .writeOnly, options: .create, permissions: .ownerReadWrite).close()
        }
        try await metadata.skipSnapshotNumbers(upTo: lost.max() ?? 0)
        return lost.map { root.appending("snapshots/\($0)") }
    }

    /// Removes folders that no snapshot has: what a crash or an interrupted removal left.
    public func removeLeftovers() async throws {
        // Folders first: a snapshot that is made meanwhile has its record by the time the records are read.
        let present = names()
        let known = try await metadata.snapshotNumbers(of: name)
        removeFolders(
            present.filter { name in
                guard let number = Int64(name) else { return name.hasPrefix(Self.unfinished) }
                return !known.contains(number)
                    && access(root.appending("snapshots/\(number)").appending(Self.lostMark).string, F_OK) != 0
            })
    }

    /// Removes folders whose records are gone, on a thread of its own.
    public func removeFolders(_ numbers: [Int64]) { removeFolders(numbers.map(String.init)) }

    private func removeFolders(_ names: [String]) {
        guard !names.isEmpty else { return }
        let folders = names.map { root.appending("snapshots/\($0)") }
        BlockingWork.start {
            for folder in folders { try? LayerFolder.remove(folder) }
        }
    }

    // MARK: Folders

    private func create(
        _ key: String, kind: SnapshotKind, parent: String, labels: [String: String], in scope: Scope
    ) async throws -> [Mount] {
        let record = try await metadata.createSnapshot(
            key, kind: kind, parent: parent, labels: labels, of: name, in: scope
        ) { [self] record in
            // The name decides where a file system that spreads trees puts this one: always elsewhere.
            let new = root.appending("snapshots/\(Self.unfinished)\(UInt64.random(in: 0 ... .max))")
            do {
                let files = new.appending("fs")
                try Folders.make(files)
                if kind == .active { try Folders.make(new.appending("work")) }
                if let below = record.parents.first {
                    try LayerFolder.copyMetadata(from: self.files(below), to: files)
                } else {
                    chmod(files.string, 0o755)
                }
                let folder = root.appending("snapshots/\(record.number)")
                if rename(new.string, folder.string) == 0 { return }
                // The record of a snapshot that had this number did not come to the disk.
                try LayerFolder.remove(folder)
                guard rename(new.string, folder.string) == 0 else { throw HostError.last("make", folder.string) }
            } catch {
                try? LayerFolder.remove(new)
                throw error
            }
        }
        return mounts(record)
    }

    private func mounts(_ record: SnapshotRecord) -> [Mount] {
        var mount = Mount()
        let isView = record.info.kind == .view
        if record.parents.isEmpty || (isView && record.parents.count == 1) {
            mount.type = "bind"
            mount.source = files(record.parents.first ?? record.number).string
            mount.options = [isView ? "ro" : "rw", "rbind"]
            return [mount]
        }
        mount.type = "overlay"
        mount.source = "overlay"
        if !isView {
            mount.options = [
                "workdir=\(root.appending("snapshots/\(record.number)/work"))", "upperdir=\(files(record.number))",
            ]
        }
        mount.options.append("lowerdir=" + record.parents.map { files($0).string }.joined(separator: ":"))
        return [mount]
    }

    private func files(_ number: Int64) -> FilePath { root.appending("snapshots/\(number)/fs") }

    private func names() -> [String] {
        ((try? Folders.names(in: root.appending("snapshots"))) ?? []).filter { !$0.hasPrefix(".") }
    }
}
