import ContainerdAPI
import Foundation
import GRDB
import Host
import RPC
import SwiftProtobuf
import Synchronization
import SystemPackage

/// What the manager knows: namespaces, images, containers, content, snapshots and leases, in one SQLite database.
///
/// Every change is one transaction that is on disk (WAL, `synchronous=FULL`) before the call returns. Objects are kept as the
/// messages of the containerd API, with the columns beside them that are looked up.
public final class MetadataStore: Sendable {
    private let pool: DatabasePool
    /// What was saved of a database that was found damaged; nil when it was whole.
    public let salvage: Salvage?
    private let path: String
    private let report: @Sendable (String) -> Void
    /// Damaged records that the last listing of a table met.
    private let damaged = Mutex<[String: Int]>([:])

    /// Opens or creates the database at `path`. One that is damaged is put aside, and what can be read of it taken over.
    ///
    /// - Parameter report: is told what is found damaged later.
    /// - Throws: `RPCError` when it cannot be opened, or was written by a later version.
    public init(path: String, report: @escaping @Sendable (String) -> Void = { _ in }) throws {
        self.path = path
        self.report = report
        var configuration = Configuration()
        configuration.maximumReaderCount = 2
        configuration.label = "metadata"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA cache_size=-512")
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
            throw Self.rpcError(error, path)
        }
    }

    private static func open(_ path: String, _ configuration: Configuration) throws -> DatabasePool {
        let pool = try DatabasePool(path: path, configuration: configuration)
        do {
            try pool.read { db in
                let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
                guard answer == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: answer) }
                if try Salvage.isDue(db) { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a record") }
            }
            // The pool itself asks for NORMAL, with which the last transactions are gone after a power failure.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous=FULL") }
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
        } catch {
            throw Self.rpcError(error, path)
        }
    }

    package func write<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws -> R {
        do {
            return try await pool.write(body)
        } catch {
            throw Self.rpcError(error, path)
        }
    }

    /// The messages of the table's rows that `condition` selects and orders. Those that are damaged where SQLite does not
    /// notice are left out, and told.
    func records<M: Message>(
        _ db: Database, _ table: String, _ condition: String, _ arguments: StatementArguments = []
    ) throws -> [M] {
        var (result, lost): ([M], Int) = ([], 0)
        let rows = try Data.fetchCursor(
            db, sql: "SELECT message FROM \(table) WHERE \(condition)", arguments: arguments)
        while let row = try rows.next() {
            if let message = try? M(serializedBytes: row) { result.append(message) } else { lost += 1 }
        }
        if damaged.withLock({ $0.updateValue(lost, forKey: table) ?? 0 }) < lost {
            report("\(lost) records of \(table) are damaged and left out; \(Self.remedy)")
        }
        return result
    }

    private static let remedy = "ukmanager saves what it can when it starts again"

    private static func rpcError(_ error: any Error, _ path: String) -> any Error {
        if error is BinaryDecodingError { return RPCError(.dataLoss, "metadata: a record is damaged; \(remedy)") }
        guard let error = error as? DatabaseError else { return error }
        return switch error.resultCode {
        case .SQLITE_FULL: RPCError(.resourceExhausted, "metadata: no space left on device")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: RPCError(.dataLoss, "metadata: the database is damaged; \(remedy)")
        case .SQLITE_BUSY, .SQLITE_LOCKED: RPCError(.unavailable, "metadata: \(error): unavailable")
        case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            RPCError(
                .unknown, "metadata: \(HostError.writing(FilePath(path))?.description ?? "write \(path): \(error)")")
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
}

/// The bytes of a message's column.
func encoded(_ message: some Message) throws -> Data { try message.serializedData() }
