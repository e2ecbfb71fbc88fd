import Archive
import ContainerdAPI
import OCISpec
import RPC
import SwiftProtobuf

extension ContainerdClient {
    /// Makes an image of one layer from a root file system's tar (compressed or not), as `docker import` does.
    public func importLayer(
        _ archive: ByteChannel, name: String?, configuration: ImageConfiguration.Config = .init(), comment: String = "",
        platform: Platform = .current
    ) async throws -> ImportedImage {
        try await withLease { client in
            // The layer is kept as it unpacks, so that its digest is its diff id.
            let plain = ByteChannel()
            BlockingWork.start {
                do {
                    let stream = try DecompressedStream { try archive.receive() }
                    while true {
                        let chunk = try stream.read()
                        if chunk.isEmpty { break }
                        try plain.put(chunk)
                    }
                    plain.end()
                } catch {
                    plain.fail(error)
                    archive.fail(error)
                }
            }
            let layer: (digest: String, size: Int64)
            do {
                layer = try await client.content.put(
                    plain, reference: "layer-\(UInt64.random(in: 0 ... .max))")
            } catch {
                plain.fail(error)
                if let error = error as? ArchiveError {
                    throw RPCError(.invalidArgument, "cannot read the archive: \(error)")
                }
                throw error
            }
            let created = Google_Protobuf_Timestamp.now.rfc3339
            let image = ImageConfiguration(
                platform: platform, config: configuration, rootfs: .init(diffIDs: [layer.digest]),
                history: [.init(created: created, comment: comment)], created: created, comment: comment)
            let config = try await client.content.put(
                JSON.encode(image), mediaType: MediaType.dockerConfiguration)
            let parts = [
                config, Descriptor(mediaType: MediaType.dockerLayer, digest: layer.digest, size: layer.size),
            ]
            let manifest = ImageManifest(
                config: parts[0], layers: [parts[1]], mediaType: MediaType.dockerManifest)
            let bytes = try JSON.encode(manifest)
            let target = try await client.content.put(
                bytes, mediaType: MediaType.dockerManifest,
                labels: ImageTree.labels(
                    of: Descriptor(mediaType: MediaType.dockerManifest, digest: "", size: 0), children: parts))
            if let name { _ = try await client.images.put(name, target: target) }
            return ImportedImage(name: name, target: target)
        }
    }
}
