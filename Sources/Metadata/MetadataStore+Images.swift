import ContainerdAPI
import GRDB
import RPC
import SwiftProtobuf

extension MetadataStore {
    /// The image called `name`.
    public func image(_ name: String, in scope: Scope) async throws -> Image {
        try await read { try $0.image(name, scope) }
    }

    /// The images that `filter` matches, by name.
    public func images(matching filter: Filter, in scope: Scope) async throws -> [Image] {
        try await read { [self] db in
            try records(db, "images", "namespace = ? ORDER BY name", [scope.namespace])
                .filter(filter.matches)
        }
    }

    /// Records a new image.
    ///
    /// - Parameter time: when it is to have been made.
    public func create(
        _ image: Image, at time: Google_Protobuf_Timestamp = .now, in scope: Scope
    ) async throws -> Image {
        try Self.validate(image)
        var image = image
        image.createdAt = time
        image.updatedAt = image.createdAt
        let created = image
        try await write { db in
            try db.touch(scope)
            try db.execute(
                sql: "INSERT INTO images (namespace, name, digest, message) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [scope.namespace, created.name, created.target.digest, try encoded(created)])
            guard db.changesCount == 1 else { throw RPCError.alreadyExists("image \"\(created.name)\"") }
        }
        return created
    }

    /// Changes what `mask` names, or labels and target.
    ///
    /// - Parameter time: when it is to have been changed.
    public func update(
        _ image: Image, mask: Google_Protobuf_FieldMask?, at time: Google_Protobuf_Timestamp = .now, in scope: Scope
    ) async throws -> Image {
        guard !image.name.isEmpty else { throw RPCError.invalidArgument("image name is required for update") }
        return try await write { db in
            var updated = try db.image(image.name, scope)
            try FieldPaths(mask, whole: ["labels", "target"]).apply(describing: "image \"\(image.name)\"") { field in
                switch field {
                case "labels": updated.labels = Labels.withoutEmpty(image.labels)
                case "target": updated.target = image.target
                case "annotations": updated.target.annotations = image.target.annotations
                default: return false
                }
                return true
            } key: { map, key in
                switch map {
                case "labels": setKey(key, of: &updated.labels, from: image.labels)
                case "annotations": setKey(key, of: &updated.target.annotations, from: image.target.annotations)
                default: return false
                }
                return true
            }
            try Self.validate(updated)
            updated.updatedAt = time
            try db.execute(
                sql: "UPDATE images SET digest = ?, message = ? WHERE namespace = ? AND name = ?",
                arguments: [updated.target.digest, try encoded(updated), scope.namespace, image.name])
            return updated
        }
    }

    /// Forgets an image; what it alone kept is collected later.
    public func deleteImage(_ name: String, in scope: Scope) async throws {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM images WHERE namespace = ? AND name = ?", arguments: [scope.namespace, name])
            guard db.changesCount == 1 else { throw RPCError.notFound("image \"\(name)\"") }
        }
    }

    private static func validate(_ image: Image) throws {
        guard !image.name.isEmpty else { throw RPCError.invalidArgument("image name must not be empty") }
        try Labels.validate(image.labels)
        guard isDigest(image.target.digest) else {
            throw RPCError.invalidArgument("image.Target.Digest \"\(image.target.digest)\" not valid")
        }
        guard image.target.size > 0 else {
            throw RPCError.invalidArgument("image.Target.Size must be greater than zero")
        }
        guard !image.target.mediaType.isEmpty else {
            throw RPCError.invalidArgument("image.Target.MediaType must be set")
        }
    }
}

/// Whether `text` is a SHA-256 or SHA-512 digest in OCI's form.
public func isDigest(_ text: String) -> Bool {
    let hex: Substring
    if text.hasPrefix("sha256:"), text.utf8.count == 7 + 64 {
        hex = text.dropFirst(7)
    } else if text.hasPrefix("sha512:"), text.utf8.count == 7 + 128 {
        hex = text.dropFirst(7)
    } else {
        return false
    }
    return hex.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}

extension Database {
    fileprivate func image(_ name: String, _ scope: Scope) throws -> Image {
        guard
            let image: Image = try message(
                "SELECT message FROM images WHERE namespace = ? AND name = ?", [scope.namespace, name])
        else { throw RPCError.notFound("image \"\(name)\"") }
        return image
    }
}
