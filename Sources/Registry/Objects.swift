import ContainerdClient
import Crypto
import NIOCore
import OCISpec
import RPC

/// Single objects, of which no image need know.
extension Repository {
    /// Hands a blob's bytes to `write` in pieces, and checks its digest.
    ///
    /// - Throws: `RPCError`, `dataLoss` when what came has another digest.
    public func fetch(_ digest: String, _ write: ([UInt8]) throws -> Void) async throws {
        let (body, _, url) = try await blob(Descriptor(mediaType: "", digest: digest, size: 0), from: 0)
        var hash = SHA256()
        do {
            for try await part in body {
                let bytes = Array(part.readableBytesView)
                hash.update(data: bytes)
                try write(bytes)
            }
        } catch {
            throw HTTPTransport.describe(error, url)
        }
        let found = digestText(of: hash)
        guard found == digest else {
            throw RPCError(.dataLoss, "\(url): the blob has digest \(found), expected \(digest)")
        }
    }

    /// Sends an object of the content store, unless the registry has it: a manifest or index under its digest, anything
    /// else as a blob.
    public func push(
        _ object: Descriptor, from client: ContainerdClient, report: @escaping TransferReport = { _ in }
    ) async throws {
        if MediaType.isManifest(object.mediaType) || MediaType.isIndex(object.mediaType) {
            let document = try await client.content.read(object.digest, limit: Repository.manifestLimit)
            return try await put(manifest: document, mediaType: object.mediaType, name: object.digest)
        }
        guard try await !exists(blob: object.digest, mounting: []) else { return }
        try await BlobUpload(repository: self, client: client, descriptor: object, report: report).run(nil)
    }
}
