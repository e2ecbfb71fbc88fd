import GRDB

/// How many things of a kind a namespace has.
public struct RecordCount: Sendable, Equatable {
    /// The namespace.
    public let namespace: String
    /// `containers`, `content`, `images`, `leases` or `snapshots`.
    public let kind: String
    /// How many there are.
    public let number: Int
}

extension MetadataStore {
    /// What is kept, by kind and namespace; what there is none of is left out.
    public func counts() async throws -> [RecordCount] {
        try await read { db in
            try ["containers", "content", "images", "leases", "snapshots"].flatMap { kind in
                try Row.fetchAll(
                    db, sql: "SELECT namespace, COUNT(*) AS number FROM \(kind) GROUP BY namespace ORDER BY namespace"
                ).map { RecordCount(namespace: $0["namespace"], kind: kind, number: $0["number"]) }
            }
        }
    }
}
