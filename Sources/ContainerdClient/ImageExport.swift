import Archive
import ContainerdAPI
import OCISpec
import RPC
import SystemPackage

extension ContainerdClient {
    /// Writes images as an archive: an OCI image layout that `docker load` takes as well.
    ///
    /// - Parameters:
    ///   - images: name (nil: none) and target of each.
    ///   - channel: gets the archive's bytes and its end; the caller reads it meanwhile.
    public func exportImages(_ images: [ImportedImage], to channel: ByteChannel) async throws {
        do {
            try await export(images, to: channel)
            channel.end()
        } catch {
            channel.fail(error)
            throw error
        }
    }

    private func export(_ images: [ImportedImage], to channel: ByteChannel) async throws {
        let (documents, blobs) = try await contents(of: images)
        let content = content
        try await BlockingWork.run {
            let writer = try ArchiveWriter { try channel.put(Array($0)) }
            for folder in ["blobs", "blobs/sha256"] {
                try writer.write(ArchiveEntry(path: FilePath(folder), kind: .folder, mode: 0o755))
            }
            for blob in blobs {
                try writer.begin(Self.file(ImageLayout.blobPath(blob.digest), size: blob.size))
                try Self.copy(blob, from: content.bytes(of: blob.digest), to: writer)
            }
            for (name, bytes) in documents {
                try writer.write(Self.file(name, size: Int64(bytes.count)), content: bytes)
            }
            try writer.finish()
        }
    }

    /// The archive's documents by their names, and its blobs, by digest.
    private func contents(
        of images: [ImportedImage]
    ) async throws -> (documents: [(name: String, bytes: [UInt8])], blobs: [Descriptor]) {
        var index = ImageIndex(manifests: [])
        var docker: [DockerArchiveImage] = []
        var blobs: [String: Descriptor] = [:]
        for image in images {
            for blob in try await self.blobs(of: image.target) { blobs[blob.digest] = blob }
            var entry = image.target
            if let name = image.name {
                entry.annotations = [Descriptor.containerdImageName: name]
                if let reference = try? ImageReference(name), let tag = reference.tag {
                    entry.annotations?[Descriptor.referenceName] = tag
                }
            }
            index.manifests.append(entry)
            // Docker's own list has room for images of this platform only.
            guard let manifest = try await orNil({ try await self.manifest(of: image.target).manifest }) else {
                continue
            }
            let tags = image.name.flatMap { try? ImageReference($0) }.map { [$0.familiar] }
            if let same = docker.firstIndex(where: { $0.config == ImageLayout.blobPath(manifest.config.digest) }) {
                docker[same].repoTags = (docker[same].repoTags ?? []) + (tags ?? [])
            } else {
                docker.append(
                    DockerArchiveImage(
                        config: ImageLayout.blobPath(manifest.config.digest), repoTags: tags,
                        layers: manifest.layers.map { ImageLayout.blobPath($0.digest) }))
            }
        }
        let documents: [(name: String, bytes: [UInt8])] = [
            (DockerArchiveImage.fileName, try JSON.encode(docker)), (ImageLayout.indexName, try JSON.encode(index)),
            (ImageLayout.fileName, try JSON.encode(ImageLayout())),
        ]
        return (documents, blobs.values.sorted { $0.digest < $1.digest })
    }

    private static func file(_ path: String, size: Int64) -> ArchiveEntry {
        ArchiveEntry(path: FilePath(path), kind: .file, mode: 0o444, size: size)
    }

    private static func copy(_ blob: Descriptor, from bytes: ByteChannel, to writer: ArchiveWriter) throws {
        var remaining = blob.size
        do {
            while remaining > 0 {
                let chunk = try bytes.receive()
                guard !chunk.isEmpty, chunk.count <= remaining else {
                    throw RPCError(.dataLoss, "content \(blob.digest) is not of the size that its image says")
                }
                try chunk.withUnsafeBytes { try writer.write($0) }
                remaining -= Int64(chunk.count)
            }
        } catch {
            bytes.fail(error)
            throw error
        }
    }
}
