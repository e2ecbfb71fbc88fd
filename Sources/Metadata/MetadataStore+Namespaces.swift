import ContainerdAPI
import GRDB
import RPC
import SwiftProtobuf

extension MetadataStore {
    /// The namespace called `name`.
    public func namespace(_ name: String) async throws -> Namespace {
        try await read { try $0.namespace(name) }
    }

    /// All namespaces by name.
    public func namespaces() async throws -> [Namespace] {
        try await read { [self] in try records($0, "namespaces", "true ORDER BY name") }
    }

    /// Records a new namespace.
    public func create(_ namespace: Namespace) async throws -> Namespace {
        try Identifier.validate(namespace.name)
        try Labels.validate(namespace.labels)
        try await write { db in
            try db.execute(
                sql: "INSERT INTO namespaces (name, message) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [namespace.name, try encoded(namespace)])
            guard db.changesCount == 1 else { throw RPCError.alreadyExists("namespace \"\(namespace.name)\"") }
        }
        return namespace
    }

    /// Replaces labels: those that `mask` names, or all.
    public func update(_ namespace: Namespace, mask: Google_Protobuf_FieldMask?) async throws -> Namespace {
        try Labels.validate(namespace.labels)
        return try await write { db in
            var updated = try db.namespace(namespace.name)
            try FieldPaths.relabel(
                &updated.labels, from: namespace.labels, mask: mask, describing: "namespace \"\(namespace.name)\"")
            try db.execute(
                sql: "UPDATE namespaces SET message = ? WHERE name = ?",
                arguments: [try encoded(updated), namespace.name])
            return updated
        }
    }

    /// Removes a namespace in which nothing is left.
    ///
    /// - Throws: `RPCError` (failed precondition) that names what is still there.
    public func deleteNamespace(_ name: String) async throws {
        try await write { db in
            _ = try db.namespace(name)
            var left: [String] = []
            for (table, what) in [("images", "images"), ("content", "blobs"), ("containers", "containers")]
            where try Bool.fetchOne(db, sql: "SELECT 1 FROM \(table) WHERE namespace = ? LIMIT 1", arguments: [name])
                != nil
            {
                left.append(what)
            }
            left += try String.fetchAll(
                db, sql: "SELECT DISTINCT snapshotter FROM snapshots WHERE namespace = ? ORDER BY 1", arguments: [name]
            ).map { "snapshots on \"\($0)\" snapshotter" }
            guard left.isEmpty else {
                throw RPCError.failedPrecondition(
                    "namespace \"\(name)\" must be empty, but it still has \(left.joined(separator: ", "))")
            }
            try db.execute(sql: "DELETE FROM leases WHERE namespace = ?", arguments: [name])
            try db.execute(sql: "DELETE FROM namespaces WHERE name = ?", arguments: [name])
        }
    }

    /// A value that is kept for the server itself, made by `initial` the first time.
    public func setting(_ name: String, initial: @escaping @Sendable () -> String) async throws -> String {
        try await write { db in
            if let value = try String.fetchOne(db, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
            {
                return value
            }
            let value = initial()
            try db.execute(sql: "INSERT INTO settings (name, value) VALUES (?, ?)", arguments: [name, value])
            return value
        }
    }
}

extension Database {
    fileprivate func namespace(_ name: String) throws -> Namespace {
        try Identifier.validate(name)
        guard let found: Namespace = try message("SELECT message FROM namespaces WHERE name = ?", [name]) else {
            throw RPCError.notFound("namespace \"\(name)\"")
        }
        return found
    }
}
