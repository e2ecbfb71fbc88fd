import ContainerdAPI
import OCISpec
import RPC

/// The tree of content under an image: index, manifests, configurations, layers.
public enum ImageTree {
    /// The labels by which a blob keeps its children from being collected (containerd, docs/garbage-collection.md).
    package static func labels(of target: Descriptor, children: [Descriptor]) -> [String: String] {
        let prefix = "containerd.io/gc.ref.content"
        var labels: [String: String] = [:]
        if MediaType.isIndex(target.mediaType) {
            for (number, child) in children.enumerated() { labels["\(prefix).m.\(number)"] = child.digest }
        } else {
            if let config = children.first { labels["\(prefix).config"] = config.digest }
            for (number, layer) in children.dropFirst().enumerated() { labels["\(prefix).l.\(number)"] = layer.digest }
        }
        return labels
    }
}

extension ContainerdClient {
    /// What a blob refers to: an index' manifests, or a manifest's configuration and layers in order.
    public func children(of target: Descriptor) async throws -> [Descriptor] {
        if MediaType.isIndex(target.mediaType) {
            return try await index(target).manifests
        }
        if MediaType.isManifest(target.mediaType) {
            let manifest: ImageManifest = try await JSON.decode(from: content.read(target.digest))
            return [manifest.config] + manifest.layers
        }
        return []
    }

    private func index(_ target: Descriptor) async throws -> ImageIndex {
        try await JSON.decode(from: content.read(target.digest))
    }

    /// The manifest for `platform` under an image's target, which may be the manifest itself.
    ///
    /// - Throws: `notFound` when there is none for the platform.
    public func manifest(
        of target: Descriptor, platform: Platform = .current
    ) async throws -> (descriptor: Descriptor, manifest: ImageManifest) {
        if MediaType.isManifest(target.mediaType) {
            return (target, try await JSON.decode(from: content.read(target.digest)))
        }
        guard MediaType.isIndex(target.mediaType) else {
            throw RPCError(.invalidArgument, "\(target.digest) is no image but \(target.mediaType)")
        }
        let candidates = try await index(target).manifests.filter {
            ($0.platform.map(platform.runs) ?? true)
                && $0.annotations?["vnd.docker.reference.type"] != "attestation-manifest"
        }
        for candidate in candidates {
            guard let found = try await orNil({ try await manifest(of: candidate, platform: platform) }) else {
                continue
            }
            if candidate.platform == nil, MediaType.isManifest(candidate.mediaType) {
                // The index does not say; the configuration does.
                let configuration = try await configuration(found.manifest)
                guard platform.runs(configuration.platform) else { continue }
            }
            return found
        }
        throw RPCError(.notFound, "no image for \(platform) under \(target.digest): not found")
    }

    /// The configuration that a manifest names.
    public func configuration(_ manifest: ImageManifest) async throws -> ImageConfiguration {
        try await JSON.decode(from: content.read(manifest.config.digest))
    }

    /// The configuration of an image's target for `platform`.
    public func configuration(of target: Descriptor, platform: Platform = .current) async throws -> ImageConfiguration {
        try await configuration(manifest(of: target, platform: platform).manifest)
    }

    /// Every blob under a target that is in the store, the target first, each once.
    public func blobs(of target: Descriptor) async throws -> [Descriptor] {
        var seen: Set<String> = [target.digest]
        var all = [target]
        var next = 0
        while next < all.count {
            for child in try await children(of: all[next]) where seen.insert(child.digest).inserted {
                if try await orNil({ try await content.info(child.digest) }) != nil { all.append(child) }
            }
            next += 1
        }
        return all
    }
}
