import ContainerdAPI
import GRDB
import RPC
import SwiftProtobuf

extension MetadataStore {
    /// What is known of the blob with `digest`.
    public func content(_ digest: String, in scope: Scope) async throws -> ContentInfo {
        try await read { db in
            guard let info = try db.content(digest, scope) else {
                throw RPCError.notFound("content digest \(digest)")
            }
            return info
        }
    }

    /// The blobs that `filter` matches, by digest.
    public func content(matching filter: Filter, in scope: Scope) async throws -> [ContentInfo] {
        try await read { [self] db in
            try records(db, "content", "namespace = ? ORDER BY digest", [scope.namespace])
                .filter(filter.matches)
        }
    }

    /// Whether the blob is visible in the namespace. If so, the scope's lease keeps it from now on.
    public func claimContent(_ digest: String, in scope: Scope) async throws -> Bool {
        let known = try await read { try $0.content(digest, scope) != nil }
        guard known, scope.lease != nil else { return known }
        return try await write { db in
            guard try db.content(digest, scope) != nil else { return false }
            try db.keep(digest, type: LeaseResourceType.content, for: scope)
            return true
        }
    }

    /// The size of the blob in whatever namespace has it; nil when none has.
    public func contentSize(_ digest: String) async throws -> Int64? {
        try await read { db in
            let info: ContentInfo? = try db.message("SELECT message FROM content WHERE digest = ? LIMIT 1", [digest])
            return info?.size
        }
    }

    /// Makes a blob visible in the namespace. The scope's lease keeps it, also when it is there already.
    ///
    /// - Parameter install: puts the blob in its place; the record is made only if that succeeds. No blob is removed
    ///   meanwhile.
    public func createContent(
        _ digest: String, size: Int64, labels: [String: String], in scope: Scope,
        install: @escaping @Sendable () throws -> Void
    ) async throws -> ContentInfo {
        try Labels.validate(labels)
        var info = ContentInfo()
        info.digest = digest
        info.size = size
        info.labels = labels
        info.createdAt = .now
        info.updatedAt = info.createdAt
        let created = info
        let isNew = try await write { db in
            try db.touch(scope)
            try db.execute(
                sql: "INSERT INTO content (namespace, digest, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [scope.namespace, digest, try encoded(created)])
            let isNew = db.changesCount == 1
            try db.keep(digest, type: LeaseResourceType.content, for: scope)
            if isNew { try install() }
            return isNew
        }
        guard isNew else { throw RPCError.alreadyExists("content \(digest)") }
        return created
    }

    /// Changes the labels that `mask` names, or all.
    public func update(
        _ info: ContentInfo, mask: Google_Protobuf_FieldMask?, in scope: Scope
    ) async throws -> ContentInfo {
        try Labels.validate(info.labels)
        return try await write { db in
            guard var updated = try db.content(info.digest, scope) else {
                throw RPCError.notFound("content \(info.digest)")
            }
            try FieldPaths.relabel(
                &updated.labels, from: info.labels, mask: mask, describing: "content info \"\(info.digest)\"")
            updated.updatedAt = .now
            try db.execute(
                sql: "UPDATE content SET message = ? WHERE namespace = ? AND digest = ?",
                arguments: [try encoded(updated), scope.namespace, info.digest])
            return updated
        }
    }

    /// Hides a blob from the namespace; its bytes go when no namespace shows it.
    public func deleteContent(_ digest: String, in scope: Scope) async throws {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM content WHERE namespace = ? AND digest = ?", arguments: [scope.namespace, digest])
            guard db.changesCount == 1 else { throw RPCError.notFound("content \(digest)") }
        }
    }

    /// Calls `remove` for those of `digests` that no namespace shows. No blob gets visible meanwhile.
    public func removeHidden(
        _ digests: [String], remove: @escaping @Sendable (String) throws -> Void
    ) async throws {
        try await write { db in
            for digest in digests
            where try Bool.fetchOne(db, sql: "SELECT 1 FROM content WHERE digest = ? LIMIT 1", arguments: [digest])
                == nil
            {
                try remove(digest)
            }
        }
    }

    /// Every digest that some namespace shows.
    public func allDigests() async throws -> Set<String> {
        try await read { db in
            try Set(String.fetchAll(db, sql: "SELECT DISTINCT digest FROM content"))
        }
    }

    /// Records an ingest under the scope's lease, if there is one.
    public func claimIngest(_ ref: String, in scope: Scope) async throws {
        guard scope.lease != nil else { return }
        try await write { try $0.keep(ref, type: LeaseResourceType.ingest, for: scope) }
    }
}

extension Database {
    fileprivate func content(_ digest: String, _ scope: Scope) throws -> ContentInfo? {
        try message("SELECT message FROM content WHERE namespace = ? AND digest = ?", [scope.namespace, digest])
    }
}
