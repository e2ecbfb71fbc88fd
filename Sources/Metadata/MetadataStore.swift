import ContainerdAPI
import Foundation
import GRDB
import RPC
import SwiftProtobuf

/// What the manager knows: namespaces, images, containers, content, snapshots and leases, in one SQLite database.
///
/// Every change is one transaction that is on disk (WAL, `synchronous=FULL`) before the call returns. Objects are kept as the
/// messages of the containerd API, with the columns beside them that are looked up.
public final class MetadataStore: Sendable {
    private let pool: DatabasePool
    /// What was saved of a database that was found damaged; nil when it was whole.
    public let salvage: Salvage?

    /// Opens or creates the database at `path`. One that is damaged is put aside, and what can be read of it taken over.
    ///
    /// - Throws: `RPCError` when it cannot be opened, or was written by a later version.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.maximumReaderCount = 2
        configuration.label = "metadata"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous=FULL; PRAGMA cache_size=-512;")
        }
        do {
            do {
                pool = try Self.open(path, configuration)
                salvage = nil
            } catch let error as DatabaseError where Salvage.isDamage(error) {
                salvage = try Salvage(path: path, configuration: configuration)
                pool = try Self.open(path, configuration)
            }
            let migrator = Schema.migrator
            if try pool.read(migrator.hasBeenSuperseded) {
                throw RPCError(
                    .failedPrecondition, "\(path) was written by a later version: use that one, or another --root")
            }
            try migrator.migrate(pool)
        } catch let error as DatabaseError {
            throw Self.rpcError(error)
        }
    }

    private static func open(_ path: String, _ configuration: Configuration) throws -> DatabasePool {
        let pool = try DatabasePool(path: path, configuration: configuration)
        do {
            let answer = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard answer == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: answer) }
            return pool
        } catch {
            try? pool.close()
            throw error
        }
    }

    /// Closes the database; calls after that fail.
    public func close() throws {
        // The readers are closed last, and they cannot do this.
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try pool.close()
    }

    func read<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws -> R {
        do {
            return try await pool.read(body)
        } catch let error as DatabaseError {
            throw Self.rpcError(error)
        }
    }

    func write<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws -> R {
        do {
            return try await pool.write(body)
        } catch let error as DatabaseError {
            throw Self.rpcError(error)
        }
    }

    private static func rpcError(_ error: DatabaseError) -> RPCError {
        switch error.resultCode {
        case .SQLITE_FULL: RPCError(.resourceExhausted, "metadata: no space left on device")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            RPCError(.dataLoss, "metadata: the database is damaged; ukmanager saves what it can when it starts again")
        case .SQLITE_BUSY, .SQLITE_LOCKED: RPCError(.unavailable, "metadata: \(error): unavailable")
        default: RPCError(.internalError, "metadata: \(error)")
        }
    }
}

extension Database {
    /// Makes sure that the namespace of `scope` exists: naming it in a call that makes something creates it.
    func touch(_ scope: Scope) throws {
        try execute(
            sql: "INSERT INTO namespaces (name, message) VALUES (?, ?) ON CONFLICT DO NOTHING",
            arguments: [scope.namespace, try encoded(namespace(scope.namespace))])
    }

    private func namespace(_ name: String) -> Namespace {
        var namespace = Namespace()
        namespace.name = name
        return namespace
    }

    /// Gives the resource to the scope's lease, if it has one.
    func keep(_ id: String, type: String, for scope: Scope) throws {
        guard let lease = scope.lease, !lease.isEmpty else { return }
        let known = try Bool.fetchOne(
            self, sql: "SELECT 1 FROM leases WHERE namespace = ? AND id = ?", arguments: [scope.namespace, lease])
        guard known != nil else { throw RPCError.notFound("lease \"\(lease)\"") }
        try execute(
            sql: """
                INSERT INTO lease_resources (namespace, lease, type, id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
            arguments: [scope.namespace, lease, type, id])
    }

    /// The message in the first row, or nil.
    func message<M: Message>(_ sql: String, _ arguments: StatementArguments) throws -> M? {
        try Data.fetchOne(self, sql: sql, arguments: arguments).map { try M(serializedBytes: $0) }
    }

    /// The messages of all rows.
    func messages<M: Message>(_ sql: String, _ arguments: StatementArguments = []) throws -> [M] {
        var result: [M] = []
        let rows = try Data.fetchCursor(self, sql: sql, arguments: arguments)
        while let row = try rows.next() { result.append(try M(serializedBytes: row)) }
        return result
    }
}

/// The bytes of a message's column.
func encoded(_ message: some Message) throws -> Data { try message.serializedData() }
