import ContainerdAPI
import GRDB
import RPC
import SwiftProtobuf

extension MetadataStore {
    /// Records a new lease.
    public func createLease(_ id: String, labels: [String: String], in scope: Scope) async throws -> Lease {
        guard !id.isEmpty else { throw RPCError.invalidArgument("lease id must be provided") }
        try Labels.validate(labels)
        var lease = Lease()
        lease.id = id
        lease.labels = labels
        lease.createdAt = .now
        let created = lease
        try await write { db in
            try db.touch(Scope(namespace: scope.namespace))
            try db.execute(
                sql: "INSERT INTO leases (namespace, id, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [scope.namespace, id, try encoded(created)])
            guard db.changesCount == 1 else { throw RPCError.alreadyExists("lease \"\(id)\"") }
        }
        return created
    }

    /// The leases that `filter` matches, by id.
    public func leases(matching filter: Filter, in scope: Scope) async throws -> [Lease] {
        try await read { [self] db in
            try records(db, "leases", "namespace = ? ORDER BY id", [scope.namespace])
                .filter(filter.matches)
        }
    }

    /// Ends a lease; what it alone kept is collected later.
    public func deleteLease(_ id: String, in scope: Scope) async throws {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM leases WHERE namespace = ? AND id = ?", arguments: [scope.namespace, id])
            guard db.changesCount == 1 else { throw RPCError.notFound("lease \"\(id)\"") }
        }
    }

    /// Lets a lease keep one more resource.
    public func add(_ resource: LeaseResource, toLease id: String, in scope: Scope) async throws {
        try LeaseResourceType.validate(resource.type, id: resource.id)
        try await write { db in
            try db.keep(resource.id, type: resource.type, for: Scope(namespace: scope.namespace, lease: id))
        }
    }

    /// Lets a lease keep one resource less.
    public func remove(_ resource: LeaseResource, fromLease id: String, in scope: Scope) async throws {
        try LeaseResourceType.validate(resource.type, id: resource.id)
        try await write { db in
            try db.requireLease(id, scope)
            try db.execute(
                sql: "DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND type = ? AND id = ?",
                arguments: [scope.namespace, id, resource.type, resource.id])
        }
    }

    /// What a lease keeps.
    public func resources(ofLease id: String, in scope: Scope) async throws -> [LeaseResource] {
        try await read { db in
            try db.requireLease(id, scope)
            return try Row.fetchAll(
                db, sql: "SELECT type, id FROM lease_resources WHERE namespace = ? AND lease = ? ORDER BY type, id",
                arguments: [scope.namespace, id]
            ).map { row in
                var resource = LeaseResource()
                resource.type = row["type"]
                resource.id = row["id"]
                return resource
            }
        }
    }
}

extension Database {
    fileprivate func requireLease(_ id: String, _ scope: Scope) throws {
        let known = try Bool.fetchOne(
            self, sql: "SELECT 1 FROM leases WHERE namespace = ? AND id = ?", arguments: [scope.namespace, id])
        guard known != nil else { throw RPCError.notFound("lease \"\(id)\"") }
    }
}
