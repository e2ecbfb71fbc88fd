import ContainerdAPI
import Foundation
import GRDB
import RPC
import SwiftProtobuf

/// A snapshot with what the snapshotter needs to find its folder.
public struct SnapshotRecord: Sendable {
    /// The name of its folder; never used twice.
    public var number: Int64
    /// Numbers of the snapshots below it, its parent first.
    public var parents: [Int64]
    /// What the API says of it.
    public var info: SnapshotInfo
    /// Bytes and inodes of a committed snapshot, as measured when it was committed.
    public var usage: (size: Int64, inodes: Int64)?
}

extension MetadataStore {
    /// The snapshot called `key`.
    public func snapshot(_ key: String, of snapshotter: String, in scope: Scope) async throws -> SnapshotRecord {
        try await read { try $0.snapshot(key, snapshotter, scope) }
    }

    /// The snapshots that `filter` matches, by key.
    public func snapshots(
        matching filter: Filter, of snapshotter: String, in scope: Scope
    ) async throws -> [SnapshotInfo] {
        try await read { [self] db in
            try records(
                db, "snapshots", "namespace = ? AND snapshotter = ? ORDER BY key", [scope.namespace, snapshotter]
            ).filter(filter.matches)
        }
    }

    /// Records a new active snapshot or view.
    ///
    /// - Parameter makeFolder: makes its folder; the record is made only if that succeeds.
    public func createSnapshot(
        _ key: String, kind: SnapshotKind, parent: String, labels: [String: String], of snapshotter: String,
        in scope: Scope, makeFolder: @escaping @Sendable (SnapshotRecord) throws -> Void
    ) async throws -> SnapshotRecord {
        guard !key.isEmpty else { throw RPCError.invalidArgument("snapshot key must not be empty") }
        try Labels.validate(labels)
        var info = SnapshotInfo()
        info.name = key
        info.parent = parent
        info.kind = kind
        info.labels = labels
        info.createdAt = .now
        info.updatedAt = info.createdAt
        let created = info
        return try await write { db in
            try db.touch(scope)
            var parentNumber: Int64?
            if !parent.isEmpty {
                guard let above = try? db.snapshot(parent, snapshotter, scope) else {
                    throw RPCError.notFound("parent snapshot \(parent) does not exist")
                }
                guard above.info.kind == .committed else {
                    throw RPCError.invalidArgument("parent \"\(parent)\" is not committed snapshot")
                }
                parentNumber = above.number
            }
            try db.execute(
                sql: """
                    INSERT INTO snapshots (namespace, snapshotter, key, parent, message) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [scope.namespace, snapshotter, key, parentNumber, try encoded(created)])
            guard db.changesCount == 1 else { throw RPCError.alreadyExists("snapshot \"\(key)\"") }
            try db.keep(key, type: LeaseResourceType.snapshot(snapshotter), for: scope)
            let record = try db.snapshot(key, snapshotter, scope)
            try makeFolder(record)
            return record
        }
    }

    /// Turns the active snapshot `key` into the committed snapshot `name`.
    public func commitSnapshot(
        _ key: String, as name: String, labels: [String: String], usage: (size: Int64, inodes: Int64),
        of snapshotter: String, in scope: Scope
    ) async throws {
        guard !name.isEmpty else { throw RPCError.invalidArgument("snapshot name must not be empty") }
        try Labels.validate(labels)
        try await write { db in
            let record = try db.snapshot(key, snapshotter, scope)
            guard record.info.kind == .active else {
                throw RPCError.failedPrecondition("snapshot \(key) is not active")
            }
            let taken = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM snapshots WHERE namespace = ? AND snapshotter = ? AND key = ?",
                arguments: [scope.namespace, snapshotter, name])
            guard taken == nil else { throw RPCError.alreadyExists("snapshot \"\(name)\"") }
            var info = record.info
            info.name = name
            info.kind = .committed
            info.labels = labels
            info.updatedAt = .now
            try db.execute(
                sql: "UPDATE snapshots SET key = ?, message = ?, size = ?, inodes = ? WHERE number = ?",
                arguments: [name, try encoded(info), usage.size, usage.inodes, record.number])
            // A lease that kept the active snapshot keeps the committed one, whose name is new.
            try db.execute(
                sql: "UPDATE OR IGNORE lease_resources SET id = ? WHERE namespace = ? AND type = ? AND id = ?",
                arguments: [name, scope.namespace, LeaseResourceType.snapshot(snapshotter), key])
            try db.keep(name, type: LeaseResourceType.snapshot(snapshotter), for: scope)
        }
    }

    /// Changes the labels that `mask` names, or all.
    public func update(
        _ info: SnapshotInfo, mask: Google_Protobuf_FieldMask?, of snapshotter: String, in scope: Scope
    ) async throws -> SnapshotInfo {
        try Labels.validate(info.labels)
        return try await write { db in
            let record = try db.snapshot(info.name, snapshotter, scope)
            var updated = record.info
            try FieldPaths.relabel(
                &updated.labels, from: info.labels, mask: mask, describing: "snapshot \"\(info.name)\"")
            updated.updatedAt = .now
            try db.execute(
                sql: "UPDATE snapshots SET message = ? WHERE number = ?",
                arguments: [try encoded(updated), record.number])
            return updated
        }
    }

    /// Forgets a snapshot without children.
    ///
    /// - Returns: the number of its folder, which is now nobody's.
    public func removeSnapshot(_ key: String, of snapshotter: String, in scope: Scope) async throws -> Int64 {
        try await write { db in
            let record = try db.snapshot(key, snapshotter, scope)
            let child = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM snapshots WHERE parent = ? LIMIT 1", arguments: [record.number])
            guard child == nil else { throw RPCError.failedPrecondition("cannot remove snapshot with child") }
            try db.execute(sql: "DELETE FROM snapshots WHERE number = ?", arguments: [record.number])
            return record.number
        }
    }

    /// Makes the numbers up to `number` nobody's: they are not given to new snapshots.
    public func skipSnapshotNumbers(upTo number: Int64) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'snapshots'", arguments: [number])
            if db.changesCount == 0 {
                try db.execute(
                    sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('snapshots', ?)", arguments: [number])
            }
        }
    }

    /// The numbers of all snapshots of a snapshotter, in every namespace, once those that are being made have their records.
    public func snapshotNumbers(of snapshotter: String) async throws -> Set<Int64> {
        try await write { db in
            try Set(
                Int64.fetchAll(db, sql: "SELECT number FROM snapshots WHERE snapshotter = ?", arguments: [snapshotter]))
        }
    }
}

extension Database {
    fileprivate func snapshot(_ key: String, _ snapshotter: String, _ scope: Scope) throws -> SnapshotRecord {
        let row = try Row.fetchOne(
            self,
            sql: """
                SELECT number, parent, message, size, inodes FROM snapshots
                WHERE namespace = ? AND snapshotter = ? AND key = ?
                """, arguments: [scope.namespace, snapshotter, key])
        guard let row else { throw RPCError.notFound("snapshot \(key) does not exist") }
        let parent: Int64? = row["parent"]
        let parents = try Int64.fetchAll(
            self,
            sql: """
                WITH RECURSIVE chain (number, depth) AS (
                    SELECT ?, 0
                    UNION ALL
                    SELECT parent, depth + 1 FROM snapshots JOIN chain USING (number) WHERE parent IS NOT NULL
                )
                SELECT number FROM chain WHERE number IS NOT NULL ORDER BY depth
                """, arguments: [parent])
        let size: Int64? = row["size"]
        return SnapshotRecord(
            number: row["number"], parents: parents, info: try SnapshotInfo(serializedBytes: row["message"] as Data),
            usage: size.map { ($0, row["inodes"] ?? 0) })
    }
}
