import Foundation
import EngineAPI
import GRDB
import Host
import SystemPackage

/// The daemon's database: containers and volumes as JSON by id and name. A change is at least with the kernel when the call
/// returns, so that killing the daemon loses nothing. What a client asked for (a container or a volume that is made, changed or
/// removed) is on the disk then; how far a container's life has come is not, since after a power failure it has ended anyway.
struct EngineStore: Sendable {
    private let database: DatabaseQueue
    private let path: FilePath

    /// Opens or makes the database in `folder`.
    ///
    /// - Throws: `HostError` when the folder cannot be written.
    init(folder: FilePath) throws {
        path = folder.appending("engine.db")
        do {
            database = try Self.open(path)
        } catch let error as DatabaseError {
            throw HostError.writing(path) ?? error
        }
    }

    private static func open(_ path: FilePath) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "engine"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        let database = try DatabaseQueue(path: path.string, configuration: configuration)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("containers and volumes") { database in
            try database.execute(
                sql: """
                    CREATE TABLE containers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record BLOB NOT NULL);
                    CREATE TABLE volumes (name TEXT PRIMARY KEY, record BLOB NOT NULL);
                    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
                    """)
        }
        try migrator.migrate(database)
        return database
    }

    /// Writes all that `body` does, or nothing.
    ///
    /// - Parameter isDurable: whether it is on the disk afterwards, and all that was written before.
    private func write(
        isDurable: Bool = true, _ body: @escaping @Sendable (Database) throws -> Void
    ) async throws {
        do {
            try await database.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = \(isDurable ? "FULL" : "NORMAL")")
                try database.inTransaction {
                    try body(database)
                    return .commit
                }
            }
        } catch let error as DatabaseError where error.resultCode != .SQLITE_CONSTRAINT {
            throw HostError.writing(path) ?? error
        }
    }

    /// All containers. A record that cannot be read is passed over and reported.
    func containers() throws -> (records: [ContainerRecord], unreadable: [String]) {
        try database.read { database in
            var records: [ContainerRecord] = []
            var unreadable: [String] = []
            for row in try Row.fetchAll(database, sql: "SELECT id, record FROM containers") {
                let bytes: [UInt8] = Array(row["record"] as Data)
                if let record = try? EngineJSON.decode(ContainerRecord.self, from: bytes) {
                    records.append(record)
                } else {
                    unreadable.append(row["id"])
                }
            }
            return (records, unreadable)
        }
    }

    /// Writes a container's record.
    ///
    /// - Parameter isDurable: whether it outlives a power failure that comes at once.
    func save(_ record: ContainerRecord, isDurable: Bool) async throws {
        let bytes = Data(try EngineJSON.encode(record))
        try await write(isDurable: isDurable) { database in
            try database.execute(
                sql: """
                    INSERT INTO containers (id, name, record) VALUES (?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record
                    """,
                arguments: [record.id, record.name, bytes])
        }
    }

    /// Removes a container's record.
    func deleteContainer(_ id: String) async throws {
        try await write { try $0.execute(sql: "DELETE FROM containers WHERE id = ?", arguments: [id]) }
    }

    /// All volumes.
    func volumes() throws -> [VolumeRecord] {
        try database.read { database in
            try Data.fetchAll(database, sql: "SELECT record FROM volumes ORDER BY name").map {
                try EngineJSON.decode(VolumeRecord.self, from: $0)
            }
        }
    }

    /// Writes a volume's record.
    func save(_ record: VolumeRecord) async throws {
        let bytes = Data(try EngineJSON.encode(record))
        try await write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO volumes (name, record) VALUES (?, ?)", arguments: [record.name, bytes])
        }
    }

    /// Removes a volume's record.
    func deleteVolume(_ name: String) async throws {
        try await write { try $0.execute(sql: "DELETE FROM volumes WHERE name = ?", arguments: [name]) }
    }

    /// A fact that is made once, such as the daemon's id.
    func fact(_ name: String, make: () -> String) throws -> String {
        let fresh = make()
        return try database.write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO facts (name, value) VALUES (?, ?)", arguments: [name, fresh])
            return try String.fetchOne(database, sql: "SELECT value FROM facts WHERE name = ?", arguments: [name])
                ?? fresh
        }
    }
}
