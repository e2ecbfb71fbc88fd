import Archive
import ContainerdAPI
import Crypto
import GRPC
import OCISpec
import RPC

extension ContainerdClient {
    /// The blobs of the namespace.
    public var content: ContentClient { ContentClient(client: self) }
}

/// Content: blobs by digest.
public struct ContentClient: Sendable {
    let client: ContainerdClient

    /// Bytes of one message when writing: large enough to be quick, small enough for any server's limit.
    static let chunkSize = 1 << 20

    /// What is known of a blob; `notFound` when there is none.
    public func info(_ digest: String) async throws -> ContentInfo {
        try await client.call(ContentService.info) { $0.digest = digest }.info
    }

    /// The blobs that match any of `filters`; all without filters.
    public func list(filters: [String] = []) async throws -> [ContentInfo] {
        var infos: [ContentInfo] = []
        for try await page in try client.stream(ContentService.list, { $0.filters = filters }) { infos += page.info }
        return infos
    }

    /// Sets labels; an empty value removes its label.
    public func label(_ digest: String, _ labels: [String: String]) async throws {
        guard !labels.isEmpty else { return }
        _ = try await client.call(ContentService.update) {
            $0.info.digest = digest
            $0.info.labels = labels
            $0.updateMask = fieldMask(labels.keys.map { "labels.\($0)" })
        }
    }

    /// Removes a blob.
    public func delete(_ digest: String) async throws {
        _ = try await client.call(ContentService.delete) { $0.digest = digest }
    }

    // MARK: Reading

    /// A blob's bytes in pieces.
    ///
    /// - Parameter size: how many bytes from `offset` on; 0 means all.
    public func stream(
        _ digest: String, offset: Int64 = 0, size: Int64 = 0
    ) throws -> MessageStream<Containerd_Services_Content_V1_ReadContentResponse> {
        try client.stream(ContentService.read) {
            $0.digest = digest
            $0.offset = offset
            $0.size = size
        }
    }

    /// The whole of a small blob.
    ///
    /// - Throws: `RPCError` (`resourceExhausted`) when it is larger than `limit` bytes, `dataLoss` when what came does
    ///   not have the digest asked for.
    public func read(_ digest: String, limit: Int = 16 << 20) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in try stream(digest) {
            guard bytes.count + piece.data.count <= limit else {
                throw RPCError(.resourceExhausted, "content \(digest) has more than \(limit) bytes")
            }
            bytes.append(contentsOf: piece.data)
        }
        if digest.hasPrefix("sha256:"), sha256(bytes) != digest {
            throw RPCError(.dataLoss, "content \(digest) came with another digest; remove it and import it again")
        }
        return bytes
    }

    /// The bytes of a blob, fetched while they are taken out.
    public func bytes(of digest: String) -> ByteChannel {
        let channel = ByteChannel()
        Task {
            do {
                for try await piece in try stream(digest) { try await channel.send([UInt8](piece.data)) }
                channel.end()
            } catch {
                channel.fail(error)
            }
        }
        return channel
    }

    // MARK: Writing

    /// Begins to write a blob, or goes on where an earlier attempt under the same `reference` stopped.
    ///
    /// - Parameters:
    ///   - size: the blob's size, 0 when not known.
    ///   - digest: what the blob is to have, empty when not known.
    /// - Throws: `alreadyExists` when the blob is there, `unavailable` when another writer holds the reference.
    public func writer(_ reference: String, size: Int64 = 0, digest: String = "") async throws -> ContentWriter {
        try await ContentWriter(client: client, reference: reference, size: size, digest: digest)
    }

    /// Writes a small blob, unless it is there; its labels are set either way. Returns its descriptor.
    @discardableResult
    public func put(
        _ bytes: [UInt8], mediaType: String, labels: [String: String] = [:]
    ) async throws -> Descriptor {
        let descriptor = Descriptor(mediaType: mediaType, digest: sha256(bytes), size: Int64(bytes.count))
        do {
            let writer = try await writer(
                "\(descriptor.digest)-\(UInt32.random(in: 0 ... .max))", size: descriptor.size,
                digest: descriptor.digest)
            try await writer.finish(digest: descriptor.digest, labels: labels) { send in
                // A blob that another namespace has is complete from the start.
                var start = Int(writer.offset)
                while start < bytes.count {
                    let end = min(start + Self.chunkSize, bytes.count)
                    try await send([UInt8](bytes[start..<end]))
                    start = end
                }
            }
        } catch let error as RPCError where error.code == .alreadyExists {
            try await label(descriptor.digest, labels)
        }
        return descriptor
    }

    /// Writes what comes out of `channel`, unless the blob is there. Returns digest and size.
    ///
    /// - Parameters:
    ///   - reference: names this attempt.
    ///   - size: the blob's size, 0 when not known.
    ///   - digest: what the blob must have, empty when not known; the server refuses another with `failedPrecondition`.
    @discardableResult
    public func put(
        _ channel: ByteChannel, reference: String, size: Int64 = 0, digest: String = "",
        labels: [String: String] = [:]
    ) async throws -> (digest: String, size: Int64) {
        var result = (digest: digest, size: size)
        do {
            let writer = try await writer(reference, size: size, digest: digest)
            result = try await writer.finish(digest: digest, labels: labels) { send in
                // An earlier attempt may have brought the server some of it.
                var skip = Int(writer.offset)
                var pending: [UInt8] = []
                pending.reserveCapacity(2 * Self.chunkSize)
                while let chunk = try await channel.next() {
                    let skipped = min(skip, chunk.count)
                    skip -= skipped
                    pending += chunk[skipped...]
                    if pending.count >= Self.chunkSize {
                        try await send(pending)
                        pending.removeAll(keepingCapacity: true)
                    }
                }
                if !pending.isEmpty { try await send(pending) }
            }
        } catch let error as RPCError where error.code == .alreadyExists {
            guard !digest.isEmpty else { throw error }
            try await label(digest, labels)
        }
        return result
    }

    /// The blobs that are being written.
    public func ingests(filters: [String] = []) async throws -> [IngestStatus] {
        try await client.call(ContentService.listStatuses) { $0.filters = filters }.statuses
    }

    /// Gives up a blob that is being written.
    public func abort(_ reference: String) async throws {
        _ = try await client.call(ContentService.abort) { $0.ref = reference }
    }
}

/// `sha256:...` of bytes.
public func sha256(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(data: bytes)
    return digestText(of: hash)
}

/// `sha256:...` of a hash that has seen all of its bytes.
package func digestText(of hash: SHA256) -> String {
    "sha256:"
        + hash.finalize().map { byte in
            let hex = String(byte, radix: 16)
            return byte < 16 ? "0" + hex : hex
        }.joined()
}
