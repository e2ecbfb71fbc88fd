import ContainerdClient
import Archive
import EngineAPI
import OCISpec
import Synchronization

/// An image with what its documents say.
struct ResolvedImage: Sendable {
    /// The digest of the configuration.
    var id: String
    var target: Descriptor
    var manifestDescriptor: Descriptor
    var manifest: ImageManifest
    var configuration: ImageConfiguration
    /// The committed snapshot of all layers.
    var chainID: String
    /// All names at the manager.
    var names: [ManagedImage] = []

    /// The sum of what the manifest names.
    var size: Int64 { manifest.layers.reduce(manifest.config.size) { $0 + $1.size } }

    var references: [ImageReference] { names.compactMap { try? ImageReference($0.name) } }
    var repoTags: [String] { references.filter { $0.tag != nil && $0.digest == nil && !$0.isDangling }.map(\.familiar) }
    var repoDigests: [String] {
        var seen: Set<String> = []
        return references.filter { !$0.isDangling }.map { "\($0.familiarRepository)@\(target.digest)" }.filter {
            seen.insert($0).inserted
        }
    }
}

/// Finds images by what people call them, and reads their documents once.
struct ImageStore: Sendable {
    private final class Cache: Sendable {
        let images = Mutex<[String: ResolvedImage]>([:])
    }

    let manager: any ManagerConnection
    private let cache = Cache()

    init(manager: any ManagerConnection) { self.manager = manager }

    /// The image that `name` means: a name, an id or the beginning of one.
    ///
    /// - Throws: `EngineError` with 404 `No such image: NAME:TAG`.
    func resolve(_ name: String) async throws -> (image: ResolvedImage, name: String?) {
        if ImageReference.isDigest(name) || (name.utf8.count == 64 && name.utf8.allSatisfy(ImageReference.isHex)) {
            let id = name.hasPrefix("sha256:") ? name : "sha256:" + name
            guard let image = try await all().first(where: { $0.id == id || $0.target.digest == id }) else {
                throw EngineError.noSuchImage(name)
            }
            return (image, nil)
        }
        let reference = try? ImageReference(name)
        if let reference, let found = try await manager.image(reference.description) {
            return (try await details(found), found.name)
        }
        if let reference, let digest = reference.digest {
            let match = try await all().first { image in
                image.target.digest == digest
                    && image.references.contains { $0.familiarRepository == reference.familiarRepository }
            }
            if let match { return (match, match.names.first?.name) }
        }
        let digits = name.hasPrefix("sha256:") ? String(name.dropFirst(7)) : name
        if !digits.isEmpty, digits.utf8.count < 64, digits.utf8.allSatisfy(ImageReference.isHex) {
            let matches = try await all().filter { $0.id.hasPrefix("sha256:" + digits) }
            if matches.count == 1 { return (matches[0], nil) }
            if matches.count > 1 { throw EngineError(404, "No such image: \(name): the id is ambiguous") }
        }
        guard let reference else { throw EngineError(400, "invalid reference format") }
        throw EngineError.noSuchImage(reference.familiar)
    }

    /// All images, each once with all its names, newest first.
    func all() async throws -> [ResolvedImage] {
        var byID: [String: ResolvedImage] = [:]
        for image in try await manager.images() {
            // An image whose documents are not (yet) there is no image to the API.
            guard let resolved = try? await details(image) else { continue }
            byID[resolved.id, default: resolved].names.append(image)
        }
        return byID.values.map { image in
            var image = image
            var seen: Set<String> = []
            image.names = image.names.filter { seen.insert($0.name).inserted }.sorted { $0.name < $1.name }
            return image
        }.sorted { ($0.configuration.created ?? "", $0.id) > ($1.configuration.created ?? "", $1.id) }
    }

    /// Reads the documents of an image.
    func details(_ image: ManagedImage) async throws -> ResolvedImage {
        if var known = cache.images.withLock({ $0[image.target.digest] }) {
            known.names = [image]
            return known
        }
        var descriptor = image.target
        var manifestBytes = try await manager.read(descriptor)
        if MediaType.isIndex(descriptor.mediaType) {
            let index = try JSON.decode(ImageIndex.self, from: manifestBytes)
            let usable = index.manifests.filter { $0.platform.map { Platform.current.runs($0) } ?? true }
            guard let chosen = usable.first ?? index.manifests.first else {
                throw EngineError(404, "\(image.name): the index names no manifest")
            }
            descriptor = chosen
            manifestBytes = try await manager.read(chosen)
        }
        let manifest = try JSON.decode(ImageManifest.self, from: manifestBytes)
        let configuration = try JSON.decode(
            ImageConfiguration.self, from: try await manager.read(manifest.config))
        let resolved = ResolvedImage(
            id: manifest.config.digest, target: image.target, manifestDescriptor: descriptor, manifest: manifest,
            configuration: configuration, chainID: chainID(configuration.rootfs.diffIDs), names: [image])
        cache.images.withLock { cache in
            // Documents never change; the bound only keeps a daemon that lives for years small.
            if cache.count > 512 { cache.removeAll() }
            cache[image.target.digest] = resolved
        }
        return resolved
    }
}
