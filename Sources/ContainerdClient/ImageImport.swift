import Archive
import ContainerdAPI
import OCISpec
import RPC
import SwiftProtobuf

/// An image that an import has brought: what it points to, and the name it has been given, if any.
public struct ImportedImage: Sendable, Hashable {
    /// The full name, or nil when the archive names none.
    public var name: String?
    /// The manifest or index.
    public var target: Descriptor

    /// A target and its name.
    public init(name: String?, target: Descriptor) {
        self.name = name
        self.target = target
    }
}

/// How an import names images and what it does with them.
public struct ImportOptions: Sendable {
    /// Put before names that are only a tag (`latest` becomes `BASE:latest`); nil leaves such images without a name.
    public var baseName: String?
    /// Names each image `BASE@sha256:...` as well.
    public var digestNames = false
    /// Takes the index itself in as an image of this name.
    public var indexName: String?
    /// Labels of the new images.
    public var labels: [String: String] = [:]

    /// Names as the archive has them.
    public init(baseName: String? = nil) { self.baseName = baseName }
}

extension ContainerdClient {
    /// Takes in an archive as `docker save` writes it, or of an OCI image layout; compressed or not.
    ///
    /// Every blob's digest is verified by the server as it is written. Blobs and names that exist already are no error.
    ///
    /// - Throws: `RPCError`: `invalidArgument` when it is no such archive, or is incomplete; `failedPrecondition` when a
    ///   blob does not have the digest that its name says.
    public func importImages(
        _ archive: ByteChannel, options: ImportOptions = ImportOptions()
    ) async throws -> [ImportedImage] {
        try await withLease { client in
            let contents: ArchiveContents
            do {
                contents = try await ArchiveContents(archive, client: client)
            } catch let error as ArchiveError {
                throw RPCError(.invalidArgument, "cannot read the archive: \(error)")
            }
            let importer = ImageImport(client: client, contents: contents, options: options)
            return try await importer.run()
        }
    }
}

/// The blobs of an archive once they are all in the content store, and the documents that say what they are.
struct ArchiveContents: Sendable {
    /// By path in the archive.
    var blobs: [String: (digest: String, size: Int64)] = [:]
    /// Symbolic links of old `docker save` archives, by path.
    var links: [String: String] = [:]
    var layout: ImageLayout?
    var index: ImageIndex?
    var dockerImages: [DockerArchiveImage]?

    /// Writes all files of the archive into the content store.
    init(_ archive: ByteChannel, client: ContainerdClient) async throws {
        for try await item in ArchiveItems(archive) {
            defer { item.done() }
            let path = Self.clean(item.entry.path.string)
            switch item.entry.kind {
            case .symbolicLink, .hardLink:
                let target = item.entry.link?.string ?? ""
                let folder = path.split(separator: "/").dropLast().joined(separator: "/")
                links[path] = Self.clean(item.entry.kind == .hardLink ? target : "\(folder)/\(target)")
            case .file where path == ImageLayout.fileName:
                layout = try await Self.document(item, path)
            case .file where path == ImageLayout.indexName:
                index = try await Self.document(item, path)
            case .file where path == DockerArchiveImage.fileName:
                dockerImages = try await Self.document(item, path)
            case .file:
                let parts = path.split(separator: "/")
                let isBlob = parts.count == 3 && parts[0] == "blobs" && parts[1] == "sha256"
                let expected = isBlob ? "sha256:\(parts[2])" : ""
                blobs[path] = try await client.content.put(
                    item.content, reference: "import-\(UInt64.random(in: 0 ... .max))-\(path)",
                    size: item.entry.size, digest: expected)
            default: break
            }
        }
    }

    /// The blob at `path`, through links.
    func blob(_ path: String) -> (digest: String, size: Int64)? {
        var path = Self.clean(path)
        for _ in 0..<8 {
            if let blob = blobs[path] { return blob }
            guard let next = links[path] else { return nil }
            path = next
        }
        return nil
    }

    private static func document<T: Decodable>(_ item: ArchiveItems.Element, _ path: String) async throws -> T {
        var bytes: [UInt8] = []
        while let chunk = try await item.content.next() {
            bytes += chunk
            guard bytes.count <= 16 << 20 else { throw RPCError(.invalidArgument, "\(path) is larger than 16 MiB") }
        }
        do {
            return try JSON.decode(T.self, from: bytes)
        } catch {
            throw RPCError(.invalidArgument, "\(path) in the archive: \(error)")
        }
    }

    /// A path without `.`, `..` and doubled slashes.
    static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

/// Turns an archive's blobs into images.
private struct ImageImport {
    let client: ContainerdClient
    let contents: ArchiveContents
    let options: ImportOptions

    func run() async throws -> [ImportedImage] {
        let index: ImageIndex
        if contents.layout != nil {
            guard let found = contents.index else {
                throw RPCError(.invalidArgument, "the archive has oci-layout but no index.json")
            }
            index = found
        } else if let images = contents.dockerImages {
            index = try await dockerIndex(images)
        } else {
            throw RPCError(
                .invalidArgument,
                "unrecognized image format: the archive holds neither oci-layout nor manifest.json")
        }
        var imported: [ImportedImage] = []
        for manifest in index.manifests {
            try await label(manifest)
            var target = manifest
            let name = name(of: manifest)
            target.annotations = nil
            target.platform = nil
            if let name { _ = try await client.images.put(name, target: target, labels: options.labels) }
            imported.append(ImportedImage(name: name, target: target))
            if options.digestNames, let base = options.baseName ?? name.map(Self.withoutTag) {
                let digestName = "\(base)@\(target.digest)"
                _ = try await client.images.put(digestName, target: target, labels: options.labels)
                imported.append(ImportedImage(name: digestName, target: target))
            }
        }
        if let name = options.indexName {
            let labels = Dictionary(
                uniqueKeysWithValues: index.manifests.enumerated().map {
                    ("containerd.io/gc.ref.content.m.\($0.offset)", $0.element.digest)
                })
            let target = try await client.content.put(
                JSON.encode(index), mediaType: MediaType.ociIndex, labels: labels)
            _ = try await client.images.put(name, target: target, labels: options.labels)
            imported.append(ImportedImage(name: name, target: target))
        }
        return imported
    }

    /// The name by which a manifest of the index is to be known.
    private func name(of manifest: Descriptor) -> String? {
        let annotations = manifest.annotations ?? [:]
        if let name = annotations[Descriptor.containerdImageName], !name.isEmpty { return name }
        guard let name = annotations[Descriptor.referenceName], !name.isEmpty else { return nil }
        if name.contains("/") || name.contains(":") {
            return (try? ImageReference(name))?.description ?? name
        }
        return options.baseName.map { "\($0):\(name)" }
    }

    private static func withoutTag(_ name: String) -> String {
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return name }
        return String(name[..<colon])
    }

    /// Labels the blobs under `target` with what they refer to, by which the manager knows what is still needed.
    private func label(_ target: Descriptor) async throws {
        let children: [Descriptor]
        do {
            children = try await client.children(of: target)
        } catch let error as RPCError where error.code == .notFound {
            throw RPCError(.invalidArgument, "the archive lacks \(target.digest) (\(target.mediaType))")
        } catch let error as JSONError {
            throw RPCError(.invalidArgument, "\(target.digest) in the archive: \(error)")
        }
        guard !children.isEmpty else { return }
        var present: [Descriptor] = []
        for child in children {
            // An index may name images for platforms that the archive leaves out; a manifest's parts must be there.
            guard try await orNil({ try await client.content.info(child.digest) }) != nil else {
                guard MediaType.isIndex(target.mediaType) else {
                    throw RPCError(.invalidArgument, "the archive lacks \(child.digest) (\(child.mediaType))")
                }
                continue
            }
            present.append(child)
            if MediaType.isIndex(child.mediaType) || MediaType.isManifest(child.mediaType) { try await label(child) }
        }
        try await client.content.label(target.digest, ImageTree.labels(of: target, children: children))
    }

    /// Makes manifests for the images of a `docker save` archive.
    private func dockerIndex(_ images: [DockerArchiveImage]) async throws -> ImageIndex {
        var manifests: [Descriptor] = []
        for image in images {
            guard let config = contents.blob(image.config) else {
                throw RPCError(.invalidArgument, "the archive lacks the image configuration \(image.config)")
            }
            var layers: [Descriptor] = []
            for path in image.layers {
                guard let layer = contents.blob(path) else {
                    throw RPCError(.invalidArgument, "the archive lacks the layer \(path)")
                }
                layers.append(
                    Descriptor(
                        mediaType: try await layerType(layer.digest), digest: layer.digest, size: layer.size))
            }
            let manifest = ImageManifest(
                config: Descriptor(mediaType: MediaType.dockerConfiguration, digest: config.digest, size: config.size),
                layers: layers, mediaType: MediaType.dockerManifest)
            var descriptor = try await client.content.put(
                JSON.encode(manifest), mediaType: MediaType.dockerManifest)
            if let platform = try? await client.configuration(of: descriptor).platform {
                descriptor.platform = platform
            }
            let tags = image.repoTags ?? []
            if tags.isEmpty { manifests.append(descriptor) }
            for tag in tags {
                var named = descriptor
                named.annotations = [Descriptor.containerdImageName: try ImageReference(tag).description]
                manifests.append(named)
            }
        }
        return ImageIndex(manifests: manifests)
    }

    private func layerType(_ digest: String) async throws -> String {
        var head: [UInt8] = []
        for try await piece in try client.content.stream(digest, size: 8) { head += piece.data }
        switch Compression(prefix: head) {
        case .none: return MediaType.dockerLayer
        case .gzip: return MediaType.dockerLayerGzip
        case .zstd: return MediaType.dockerLayerZstd
        case let other: throw RPCError(.invalidArgument, "layer \(digest) is compressed with \(other)")
        }
    }
}
