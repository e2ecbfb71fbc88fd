import ContainerdAPI
import Foundation
import GRDB
import RPC
import SwiftProtobuf

/// What a collection took away: the folders and files are the stores' to remove.
public struct Collected: Sendable {
    /// Namespace and digest of content that no longer shows.
    public var content: [(namespace: String, digest: String)] = []
    /// Snapshots that are gone.
    public var snapshots: [(namespace: String, snapshotter: String, key: String, number: Int64)] = []
    /// Leases whose time was over.
    public var leases = 0
    /// Images whose time was over.
    public var images: [(namespace: String, name: String)] = []
    /// When the next image or lease goes by itself.
    public var expiry: Google_Protobuf_Timestamp?
    /// Namespace and reference of unfinished writes that a lease keeps.
    public var keptIngests: Set<String> = []

    /// Whether nothing was taken away.
    public var isEmpty: Bool { content.isEmpty && snapshots.isEmpty && leases == 0 && images.isEmpty }
}

/// Something that refers or is referred to.
private enum Node: Hashable {
    case content(namespace: String, digest: String)
    case snapshot(namespace: String, snapshotter: String, key: String)
    case image(namespace: String, name: String)
}

/// The time that labels give as the end of what has them (`containerd.io/gc.expire`).
public func expiry(of labels: [String: String]) -> Google_Protobuf_Timestamp? {
    labels[ReferenceLabel.expire].flatMap { Google_Protobuf_Timestamp(rfc3339: $0) }
}

/// Labels that refer (containerd's garbage collection).
private enum ReferenceLabel {
    static let root = "containerd.io/gc.root"
    static let flat = "containerd.io/gc.flat"
    static let expire = "containerd.io/gc.expire"
    static let content = "containerd.io/gc.ref.content"
    static let image = "containerd.io/gc.ref.image"
    static let snapshot = "containerd.io/gc.ref.snapshot."
}

extension MetadataStore {
    /// Removes every record of content and snapshots that nothing refers to: no image, container, lease, or label, directly
    /// or through others. Expired leases go first.
    public func collect() async throws -> Collected {
        try await write { db in
            var collection = Collection(db)
            return try collection.run()
        }
    }
}

/// One run of mark and sweep within a transaction.
private struct Collection {
    let db: Database
    let now = Google_Protobuf_Timestamp.now
    var references: [Node: [Node]] = [:]
    var numbers: [Node: Int64] = [:]
    var marked: Set<Node> = []
    var pending: [Node] = []
    var result = Collected()

    init(_ db: Database) { self.db = db }

    mutating func run() throws -> Collected {
        try readContent()
        try readSnapshots()
        try markImagesAndContainers()
        try markLeases()
        while let node = pending.popLast() {
            guard marked.insert(node).inserted else { continue }
            pending.append(contentsOf: references[node] ?? [])
        }
        try sweep()
        return result
    }

    private mutating func readContent() throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT namespace, digest, message FROM content")
        while let row = try rows.next() {
            let namespace: String = row["namespace"]
            let info = try ContentInfo(serializedBytes: row["message"] as Data)
            let node = Node.content(namespace: namespace, digest: row["digest"])
            references[node] = Self.references(info.labels, namespace)
            if info.labels[ReferenceLabel.root] != nil { pending.append(node) }
        }
    }

    private mutating func readSnapshots() throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT number, namespace, snapshotter, key, message FROM snapshots")
        while let row = try rows.next() {
            let (namespace, snapshotter): (String, String) = (row["namespace"], row["snapshotter"])
            let info = try SnapshotInfo(serializedBytes: row["message"] as Data)
            let node = Node.snapshot(namespace: namespace, snapshotter: snapshotter, key: row["key"])
            references[node] = Self.references(info.labels, namespace)
            if !info.parent.isEmpty {
                references[node]?.append(.snapshot(namespace: namespace, snapshotter: snapshotter, key: info.parent))
            }
            numbers[node] = row["number"]
            if info.labels[ReferenceLabel.root] != nil { pending.append(node) }
        }
    }

    private mutating func markImagesAndContainers() throws {
        let images = try Row.fetchCursor(db, sql: "SELECT namespace, name, digest, message FROM images")
        while let row = try images.next() {
            let namespace: String = row["namespace"]
            let labels = try Image(serializedBytes: row["message"] as Data).labels
            let node = Node.image(namespace: namespace, name: row["name"])
            references[node] =
                [.content(namespace: namespace, digest: row["digest"])] + Self.references(labels, namespace)
            if !isExpired(labels) { pending.append(node) }
        }
        let containers = try Row.fetchCursor(db, sql: "SELECT namespace, message FROM containers")
        while let row = try containers.next() {
            let namespace: String = row["namespace"]
            let container = try Container(serializedBytes: row["message"] as Data)
            if !container.snapshotKey.isEmpty {
                pending.append(
                    .snapshot(
                        namespace: namespace, snapshotter: container.snapshotter, key: container.snapshotKey))
            }
            pending += Self.references(container.labels, namespace)
        }
    }

    private mutating func markLeases() throws {
        for row in try Row.fetchAll(db, sql: "SELECT namespace, id, message FROM leases") {
            let (namespace, id): (String, String) = (row["namespace"], row["id"])
            let lease = try Lease(serializedBytes: row["message"] as Data)
            if isExpired(lease.labels) {
                try db.execute(sql: "DELETE FROM leases WHERE namespace = ? AND id = ?", arguments: [namespace, id])
                result.leases += 1
                continue
            }
            let isFlat = lease.labels[ReferenceLabel.flat] != nil
            let resources = try Row.fetchAll(
                db, sql: "SELECT type, id FROM lease_resources WHERE namespace = ? AND lease = ?",
                arguments: [namespace, id])
            for resource in resources {
                let (type, key): (String, String) = (resource["type"], resource["id"])
                switch type {
                case LeaseResourceType.ingest: result.keptIngests.insert("\(namespace)/\(key)")
                case LeaseResourceType.content: keep(.content(namespace: namespace, digest: key), isFlat)
                default:
                    let snapshotter = String(type.dropFirst("snapshots/".count))
                    keep(.snapshot(namespace: namespace, snapshotter: snapshotter, key: key), isFlat)
                }
            }
        }
    }

    /// Whether the labels give a time that is over; else it is noted.
    private mutating func isExpired(_ labels: [String: String]) -> Bool {
        guard let end = expiry(of: labels) else { return false }
        if end < now { return true }
        result.expiry = result.expiry.map { min($0, end) } ?? end
        return false
    }

    /// A flat lease keeps what it names, not what that refers to; a snapshot cannot be without its parents, though.
    private mutating func keep(_ node: Node, _ isFlat: Bool) {
        guard isFlat else { return pending.append(node) }
        guard case .snapshot = node else {
            marked.insert(node)
            return
        }
        var current: Node? = node
        while let next = current {
            marked.insert(next)
            current = references[next]?.last { if case .snapshot = $0 { numbers[$0] != nil } else { false } }
            if let found = current, marked.contains(found) { current = nil }
        }
    }

    private mutating func sweep() throws {
        // Children have higher numbers than their parents.
        let nodes = references.keys.filter { !marked.contains($0) }.sorted { (numbers[$0] ?? 0) > (numbers[$1] ?? 0) }
        for node in nodes {
            switch node {
            case .content(let namespace, let digest):
                try db.execute(
                    sql: "DELETE FROM content WHERE namespace = ? AND digest = ?", arguments: [namespace, digest])
                result.content.append((namespace, digest))
            case .snapshot(let namespace, let snapshotter, let key):
                guard let number = numbers[node] else { continue }
                try db.execute(sql: "DELETE FROM snapshots WHERE number = ?", arguments: [number])
                result.snapshots.append((namespace, snapshotter, key, number))
            case .image(let namespace, let name):
                try db.execute(
                    sql: "DELETE FROM images WHERE namespace = ? AND name = ?", arguments: [namespace, name])
                result.images.append((namespace, name))
            }
        }
    }

    private static func references(_ labels: [String: String], _ namespace: String) -> [Node] {
        labels.compactMap { label, value in
            // The label may go on after a dot or slash, so that one object can refer to several.
            func isReference(_ name: String) -> Bool {
                guard label.hasPrefix(name) else { return false }
                return label.count == name.count || "./".contains(label.dropFirst(name.count).first!)
            }
            if isReference(ReferenceLabel.content) { return .content(namespace: namespace, digest: value) }
            if isReference(ReferenceLabel.image) { return .image(namespace: namespace, name: value) }
            if label.hasPrefix(ReferenceLabel.snapshot) {
                let snapshotter = label.dropFirst(ReferenceLabel.snapshot.count).prefix { $0 != "/" }
                return .snapshot(namespace: namespace, snapshotter: String(snapshotter), key: value)
            }
            return nil
        }
    }
}
