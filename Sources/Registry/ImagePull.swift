import ContainerdClient
import OCISpec
import RPC

/// What is pulled and what is done with it.
public struct PullOptions: Sendable {
    /// The platform whose image is taken from an index.
    public var platform = Platform.current
    /// Takes all of an index.
    public var allPlatforms = false
    /// Where layers are unpacked; nil: nowhere.
    public var snapshotter: String? = "overlayfs"
    /// Labels of the image.
    public var labels: [String: String] = [:]
    /// The name that the image gets, when not its reference; empty: none.
    public var name: String?
    /// Blobs that come at the same time.
    public var parallel = 3

    /// This machine's platform, unpacked.
    public init() {}
}

extension ContainerdClient {
    /// Fetches an image from its registry: documents first, then layers, several at a time; each layer is unpacked as
    /// soon as it and those below it are there, while others still come.
    ///
    /// What an attempt that was broken off has brought is not fetched again. The name is given last: an image that
    /// has one is complete.
    ///
    /// - Returns: the name's target.
    /// - Throws: `RPCError` as `Repository` does; `failedPrecondition` when a blob does not have its digest.
    @discardableResult
    public func pull(
        _ reference: ImageReference, settings: RegistrySettings, options: PullOptions = PullOptions(),
        report: @escaping TransferReport = { _ in }
    ) async throws -> Descriptor {
        try await withLease { client in
            let pull = ImagePull(
                repository: try Repository(reference, settings: settings), client: client, options: options,
                report: report)
            let target = try await pull.run()
            let name = options.name ?? reference.description
            if !name.isEmpty { _ = try await client.images.put(name, target: target, labels: options.labels) }
            return target
        }
    }
}

/// One image on its way from a registry.
private struct ImagePull {
    let repository: Repository
    let client: ContainerdClient
    let options: PullOptions
    let report: TransferReport

    /// The documents under an image's target, and the blobs that they name.
    private struct Tree {
        var blobs: [Descriptor] = []
        var seen: Set<String> = []
        var manifests = 0
    }

    func run() async throws -> Descriptor {
        let (target, document) = try await repository.resolve()
        await report(.resolved(target))
        var tree = Tree()
        try await take(target, document, into: &tree)
        guard tree.manifests > 0 else {
            throw RPCError(
                .notFound,
                "no matching manifest for \(options.platform) in the manifest list entries of \(repository.reference.familiar)"
            )
        }
        let configurations = tree.blobs.filter { !MediaType.isLayer($0.mediaType) }
        let layers = tree.blobs.filter { MediaType.isLayer($0.mediaType) }
        for layer in layers { await report(.found(layer)) }
        let slots = Slots(max(1, options.parallel))
        // A configuration is small and unpacking begins with it: it does not wait for room.
        let first = configurations.map { fetch($0, nil).task }
        let coming = layers.map { fetch($0, slots) }
        let later = coming.map(\.task)
        let byDigest = Dictionary(zip(layers.map(\.digest), coming), uniquingKeysWith: { first, _ in first })
        try await withTaskCancellationHandler {
            do {
                for task in first { try await task.value }
                if let snapshotter = options.snapshotter {
                    try await client.unpack(target, snapshotter: snapshotter, platform: options.platform) { layer in
                        guard let (task, begun) = byDigest[layer.digest] else { return .complete }
                        var arrival = LayerArrival.complete
                        for await ingest in begun {
                            arrival = .underWay(ingest: ingest) { try await task.value }
                            break
                        }
                        if case .complete = arrival { try await task.value }
                        await report(.unpacking(layer))
                        return arrival
                    } after: {
                        await report(.unpacked($0))
                    }
                }
                for task in later { try await task.value }
            } catch {
                (first + later).forEach { $0.cancel() }
                // Nothing goes on writing once the call has ended.
                for task in first + later { _ = await task.result }
                throw error
            }
        } onCancel: {
            (first + later).forEach { $0.cancel() }
        }
        return target
    }

    /// Starts to fetch a blob.
    ///
    /// - Returns: the work, and the name under which the blob is written once that has begun; no name when it is there.
    private func fetch(_ descriptor: Descriptor, _ slots: Slots?) -> (
        task: Task<Void, any Error>, begun: AsyncStream<String>
    ) {
        let (begun, feed) = AsyncStream<String>.makeStream()
        let fetch = BlobFetch(
            repository: repository, client: client, descriptor: descriptor, labels: sourceLabel, report: report,
            begun: { feed.yield($0) })
        let task = Task {
            defer { feed.finish() }
            guard let slots else { return try await fetch.run() }
            try await slots.use { try await fetch.run() }
        }
        return (task, begun)
    }

    /// Stores a document and those under it; collects the blobs that they name.
    private func take(_ descriptor: Descriptor, _ document: [UInt8], into tree: inout Tree) async throws {
        guard tree.seen.insert(descriptor.digest).inserted else { return }
        var children: [Descriptor]
        if MediaType.isIndex(descriptor.mediaType) {
            let index: ImageIndex = try decode(document, descriptor)
            children = try chosen(index.manifests)
            guard tree.seen.count < 512 else {
                throw RPCError(.resourceExhausted, "\(repository.reference.familiar): an index of too many manifests")
            }
            for child in children {
                guard MediaType.isIndex(child.mediaType) || MediaType.isManifest(child.mediaType) else { continue }
                try await take(child, try await self.document(child), into: &tree)
            }
        } else {
            let manifest: ImageManifest = try decode(document, descriptor)
            children = [manifest.config] + manifest.layers
            tree.manifests += 1
            for child in children where tree.seen.insert(child.digest).inserted { tree.blobs.append(child) }
        }
        try await client.content.put(
            document, mediaType: descriptor.mediaType,
            labels: sourceLabel.merging(ImageTree.labels(of: descriptor, children: children)) { first, _ in first })
    }

    /// From the content store, else from the registry; verified.
    private func document(_ descriptor: Descriptor) async throws -> [UInt8] {
        guard ImageReference.isDigest(descriptor.digest) else {
            throw RPCError(.invalidArgument, "\(descriptor.digest): only sha256 digests are supported")
        }
        do {
            return try await client.content.read(descriptor.digest)
        } catch let error as RPCError where error.code == .notFound {}
        let document = try await repository.document(descriptor)
        guard Int64(document.count) == descriptor.size else {
            throw RPCError(
                .dataLoss, "\(descriptor.digest) has \(document.count) bytes, its index says \(descriptor.size)")
        }
        return document
    }

    private func chosen(_ manifests: [Descriptor]) throws -> [Descriptor] {
        if options.allPlatforms { return manifests }
        let images = manifests.filter { $0.annotations?["vnd.docker.reference.type"] != "attestation-manifest" }
        let matching = images.filter { $0.platform.map(options.platform.runs) ?? true }
        // The index' order decides, but an exact variant is better than none.
        let exact = matching.first { $0.platform?.variant == options.platform.variant }
        return (exact ?? matching.first).map { [$0] } ?? []
    }

    private func decode<T: Decodable>(_ document: [UInt8], _ descriptor: Descriptor) throws -> T {
        do {
            return try JSON.decode(T.self, from: document)
        } catch {
            throw RPCError(.dataLoss, "\(repository.reference.familiar): the manifest \(descriptor.digest): \(error)")
        }
    }

    /// Says where a blob came from, so that a push to the same registry can take it over (containerd's label).
    private var sourceLabel: [String: String] {
        ["containerd.io/distribution.source.\(repository.reference.domain)": repository.reference.path]
    }
}
