import GRDB

/// The database's tables and how they came to be. A migration that was released is never changed: add another.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE namespaces (
                        name TEXT NOT NULL PRIMARY KEY, message BLOB NOT NULL
                    ) WITHOUT ROWID;
                    CREATE TABLE images (
                        namespace TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, message BLOB NOT NULL,
                        PRIMARY KEY (namespace, name)
                    ) WITHOUT ROWID;
                    CREATE TABLE containers (
                        namespace TEXT NOT NULL, id TEXT NOT NULL, message BLOB NOT NULL,
                        PRIMARY KEY (namespace, id)
                    ) WITHOUT ROWID;
                    CREATE TABLE content (
                        namespace TEXT NOT NULL, digest TEXT NOT NULL, message BLOB NOT NULL,
                        PRIMARY KEY (namespace, digest)
                    ) WITHOUT ROWID;
                    CREATE INDEX content_by_digest ON content (digest);
                    CREATE TABLE snapshots (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        namespace TEXT NOT NULL, snapshotter TEXT NOT NULL, key TEXT NOT NULL,
                        parent INTEGER REFERENCES snapshots (number), message BLOB NOT NULL,
                        size INTEGER, inodes INTEGER,
                        UNIQUE (namespace, snapshotter, key)
                    );
                    CREATE INDEX snapshots_by_parent ON snapshots (parent);
                    CREATE TABLE leases (
                        namespace TEXT NOT NULL, id TEXT NOT NULL, message BLOB NOT NULL,
                        PRIMARY KEY (namespace, id)
                    ) WITHOUT ROWID;
                    CREATE TABLE lease_resources (
                        namespace TEXT NOT NULL, lease TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
                        PRIMARY KEY (namespace, lease, type, id),
                        FOREIGN KEY (namespace, lease) REFERENCES leases (namespace, id) ON DELETE CASCADE
                    ) WITHOUT ROWID;
                    CREATE TABLE settings (
                        name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL
                    ) WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
