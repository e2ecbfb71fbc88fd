import ContainerdAPI
import GRDB
import RPC
import SwiftProtobuf

extension MetadataStore {
    /// The container called `id`.
    public func container(_ id: String, in scope: Scope) async throws -> Container {
        try await read { db in
            guard let container = try db.container(id, scope) else {
                throw RPCError.notFound("container \"\(id)\" in namespace \"\(scope.namespace)\"")
            }
            return container
        }
    }

    /// The containers that `filter` matches, by id.
    public func containers(matching filter: Filter, in scope: Scope) async throws -> [Container] {
        try await read { [self] db in
            try records(db, "containers", "namespace = ? ORDER BY id", [scope.namespace])
                .filter(filter.matches)
        }
    }

    /// Records a new container.
    public func create(_ container: Container, in scope: Scope) async throws -> Container {
        try Self.validate(container)
        var container = container
        container.createdAt = .now
        container.updatedAt = container.createdAt
        let created = container
        try await write { db in
            try db.touch(scope)
            try db.execute(
                sql: "INSERT INTO containers (namespace, id, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [scope.namespace, created.id, try encoded(created)])
            guard db.changesCount == 1 else { throw RPCError.alreadyExists("container \"\(created.id)\"") }
        }
        return created
    }

    /// Changes what `mask` names; without a mask, everything that may change.
    public func update(
        _ container: Container, mask: Google_Protobuf_FieldMask?, in scope: Scope
    ) async throws -> Container {
        guard !container.id.isEmpty else { throw RPCError.invalidArgument("must specify a container id") }
        return try await write { db in
            guard let current = try db.container(container.id, scope) else {
                throw RPCError.notFound("container \"\(container.id)\"")
            }
            var updated = current
            if mask?.paths.isEmpty ?? true {
                guard container.snapshotter == current.snapshotter else {
                    throw RPCError.invalidArgument("container.Snapshotter field is immutable")
                }
                guard container.runtime.name == current.runtime.name else {
                    throw RPCError.invalidArgument("container.Runtime.Name field is immutable")
                }
            }
            let whole = ["labels", "spec", "extensions", "image", "snapshotkey"]
            try FieldPaths(mask, whole: whole).apply(describing: "container \"\(container.id)\"") { field in
                switch field {
                case "labels": updated.labels = Labels.withoutEmpty(container.labels)
                case "spec": updated.spec = container.spec
                case "extensions": updated.extensions = container.extensions
                case "image": updated.image = container.image
                case "snapshotkey": updated.snapshotKey = container.snapshotKey
                default: return false
                }
                return true
            } key: { map, key in
                switch map {
                case "labels": setKey(key, of: &updated.labels, from: container.labels)
                case "extensions": updated.extensions[key] = container.extensions[key]
                default: return false
                }
                return true
            }
            try Self.validate(updated)
            updated.updatedAt = .now
            try db.execute(
                sql: "UPDATE containers SET message = ? WHERE namespace = ? AND id = ?",
                arguments: [try encoded(updated), scope.namespace, container.id])
            return updated
        }
    }

    /// Forgets a container.
    public func deleteContainer(_ id: String, in scope: Scope) async throws {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM containers WHERE namespace = ? AND id = ?", arguments: [scope.namespace, id])
            guard db.changesCount == 1 else { throw RPCError.notFound("container \"\(id)\"") }
        }
    }

    private static func validate(_ container: Container) throws {
        try Identifier.validate(container.id)
        for name in container.extensions.keys where name.isEmpty {
            throw RPCError.invalidArgument("container.Extensions keys must not be empty")
        }
        try Labels.validate(container.labels)
        guard !container.runtime.name.isEmpty else {
            throw RPCError.invalidArgument("container.Runtime.Name must be set")
        }
        guard container.hasSpec else { throw RPCError.invalidArgument("container.Spec must be set") }
        guard container.snapshotKey.isEmpty || !container.snapshotter.isEmpty else {
            throw RPCError.invalidArgument("container.Snapshotter must be set if container.SnapshotKey is set")
        }
    }
}

extension Database {
    fileprivate func container(_ id: String, _ scope: Scope) throws -> Container? {
        try message("SELECT message FROM containers WHERE namespace = ? AND id = ?", [scope.namespace, id])
    }
}
