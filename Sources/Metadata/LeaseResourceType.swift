import RPC

/// What a lease can keep, by the names of the leases API.
public enum LeaseResourceType {
    /// A blob; the id is its digest.
    public static let content = "content"
    /// An unfinished write; the id is its reference.
    public static let ingest = "ingests"

    /// A snapshot; the id is its key.
    public static func snapshot(_ snapshotter: String) -> String { "snapshots/\(snapshotter)" }

    /// Refuses what is none of these.
    static func validate(_ type: String, id: String) throws {
        switch type {
        case content:
            guard isDigest(id) else { throw RPCError.invalidArgument("invalid content digest \"\(id)\"") }
        case ingest: break
        default:
            guard type.hasPrefix("snapshots/"), type.utf8.count > "snapshots/".utf8.count else {
                throw RPCError.unimplemented("resource type \(type)")
            }
        }
        guard !id.isEmpty else { throw RPCError.invalidArgument("resource id must not be empty") }
    }
}
