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
        let documents = [
            (DockerArchiveImage.fileName, try JSON.encode(docker)), (ImageLayout.indexName, try JSON.encode(index)),
            (ImageLayout.fileName, try JSON.encode(ImageLayout())),
        ]
        let ordered = blobs.values.sorted { $0.digest < $1.digest }
        let content = content
        try await BlockingWork.run {
            let writer = try ArchiveWriter { try channel.put(Array($0)) }
            for folder in ["blobs", "blobs/sha256"] {
                try writer.write(ArchiveEntry(path: FilePath(folder), kind: .folder, mode: 0o755))
            }
            for blob in ordered {
                try writer.begin(
                    ArchiveEntry(
                        path: FilePath(ImageLayout.blobPath(blob.digest)), kind: .file, mode: 0o444, size: blob.size))
                let pipe = ByteChannel()
                Task {
                    do {
                        try await content.copy(blob.digest, to: pipe)
                        pipe.end()
                    } catch {
                        pipe.fail(error)
                    }
                }
                var remaining = blob.size
                while remaining > 0 {
                    let chunk: [UInt8]
                    do {
                        chunk = try pipe.receive()
                        guard !chunk.isEmpty, chunk.count <= remaining else {
                            throw RPCError(.dataLoss, "content \(blob.digest) is not of the size that its image says")
                        }
                        try chunk.withUnsafeBytes { try writer.write($0) }
                    } catch {
                        pipe.fail(error)
                        throw error
                    }
                    remaining -= Int64(chunk.count)
                }
            }
            for (name, bytes) in documents {
                try writer.write(
                    ArchiveEntry(path: FilePath(name), kind: .file, mode: 0o444, size: Int64(bytes.count)),
                    content: bytes)
            }
            try writer.finish()
        }
    }
}
