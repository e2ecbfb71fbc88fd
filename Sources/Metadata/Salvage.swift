import ContainerdAPI
import Foundation
import GRDB
import SwiftProtobuf

/// What could be read of a damaged database, in a new one.
///
/// The damaged files stay where they are, under another name.
public struct Salvage: Sendable {
    /// Where the damaged database is now.
    public var damaged: String
    /// Records that could be read, by table.
    public var records: [String: Int] = [:]

    /// The result codes with which SQLite says that a file is damaged.
    static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    /// Whether some record is damaged where SQLite does not notice.
    static func isDue(_ db: Database) throws -> Bool {
        for table in Table.all where try db.tableExists(table.name) {
            let rows = try Row.fetchCursor(db, sql: "SELECT * FROM \(table.name)")
            while let row = try rows.next() {
                if !table.isWhole(row) { return true }
            }
        }
        return false
    }

    /// Puts the database at `path` aside and makes a new one of what can be read of it.
    ///
    /// - Throws: `DatabaseError` when the new one cannot be written, `CocoaError` when files cannot be renamed.
    init(path: String, configuration: Configuration) throws {
        damaged = "\(path).damaged-\(Int(Date().timeIntervalSince1970))"
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: damaged + suffix)
        }
        var configuration = configuration
        configuration.foreignKeysEnabled = false
        let new = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? new.close() }
        try Schema.migrator.migrate(new)
        guard let old = try? DatabaseQueue(path: damaged, configuration: configuration) else { return }
        defer { try? old.close() }
        for table in Table.all {
            // Without a transaction, whose end would fail as the reading did.
            let rows = (try? old.unsafeRead { try table.readable($0) }) ?? []
            records[table.name] = try new.write { try table.insert(rows, into: $0) }
        }
        try new.write { db in
            // What refers to something that is lost goes too.
            try db.execute(
                sql: """
                    DELETE FROM lease_resources WHERE NOT EXISTS (
                        SELECT 1 FROM leases WHERE leases.namespace = lease_resources.namespace AND id = lease)
                    """)
            try Self.keepAll(db)
        }
    }

    /// Gives everything that could be collected to a lease: what is lost may have referred to it.
    private static func keepAll(_ db: Database) throws {
        for namespace in try String.fetchAll(db, sql: "SELECT name FROM namespaces") {
            var lease = Lease()
            lease.id = "salvage-\(Int(Date().timeIntervalSince1970))"
            lease.createdAt = .now
            try db.execute(
                sql: "INSERT INTO leases (namespace, id, message) VALUES (?, ?, ?)",
                arguments: [namespace, lease.id, try encoded(lease)])
            try db.execute(
                sql: """
                    INSERT INTO lease_resources (namespace, lease, type, id)
                    SELECT namespace, ?1, ?3, digest FROM content WHERE namespace = ?2 UNION ALL
                    SELECT namespace, ?1, 'snapshots/' || snapshotter, key FROM snapshots WHERE namespace = ?2
                    """,
                arguments: [lease.id, namespace, LeaseResourceType.content])
        }
    }
}

/// A table with what a row of it has to be.
private struct Table {
    var name: String
    /// Columns of the primary key: the order in which the file holds the rows.
    var key: [String]
    /// Whether the row's message is one; tables without messages take every row.
    var isWhole: (Row) -> Bool = { _ in true }

    static var all: [Table] {
        func message<M: Message>(_: M.Type) -> (Row) -> Bool {
            { row in (row["message"] as Data?).map { (try? M(serializedBytes: $0)) != nil } ?? false }
        }
        return [
            Table(name: "settings", key: ["name"]),
            Table(name: "namespaces", key: ["name"], isWhole: message(Namespace.self)),
            Table(name: "images", key: ["namespace", "name"], isWhole: message(Image.self)),
            Table(name: "containers", key: ["namespace", "id"], isWhole: message(Container.self)),
            Table(name: "content", key: ["namespace", "digest"], isWhole: message(ContentInfo.self)),
            Table(name: "snapshots", key: ["number"], isWhole: message(SnapshotInfo.self)),
            Table(name: "leases", key: ["namespace", "id"], isWhole: message(Lease.self)),
            Table(name: "lease_resources", key: ["namespace", "lease", "type", "id"]),
        ]
    }

    /// The rows before the first damage, and those after the last.
    func readable(_ db: Database) throws -> [Row] {
        let first = rows(db, "ASC")
        guard first.failed else { return first.rows }
        var seen = Set(first.rows.map(identity))
        return first.rows + rows(db, "DESC").rows.reversed().filter { seen.insert(identity($0)).inserted }
    }

    private func rows(_ db: Database, _ direction: String) -> (rows: [Row], failed: Bool) {
        let order = key.map { "\($0) \(direction)" }.joined(separator: ", ")
        var found: [Row] = []
        do {
            let cursor = try Row.fetchCursor(db, sql: "SELECT * FROM \(name) ORDER BY \(order)")
            while let row = try cursor.next() {
                if isWhole(row) { found.append(row.copy()) }
            }
            return (found, false)
        } catch {
            return (found, true)
        }
    }

    private func identity(_ row: Row) -> [DatabaseValue] { key.map { row[$0] } }

    /// - Returns: how many rows there are now.
    func insert(_ rows: [Row], into db: Database) throws -> Int {
        for row in rows {
            if name == "snapshots", let parent = row["parent"] as Int64? {
                let isKnown = try Bool.fetchOne(
                    db, sql: "SELECT 1 FROM snapshots WHERE number = ?", arguments: [parent])
                guard isKnown != nil else { continue }
            }
            let columns = row.columnNames.joined(separator: ", ")
            let places = row.columnNames.map { _ in "?" }.joined(separator: ", ")
            try db.execute(
                sql: "INSERT OR IGNORE INTO \(name) (\(columns)) VALUES (\(places))",
                arguments: StatementArguments(row.databaseValues))
        }
        return try Int.fetchOne(db, sql: "SELECT count(*) FROM \(name)") ?? 0
    }
}
