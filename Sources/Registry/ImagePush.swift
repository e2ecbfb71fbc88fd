import ContainerdAPI
import ContainerdClient
import OCISpec
import RPC

extension ContainerdClient {
    /// Sends an image to its registry: blobs that are not there yet, several at a time, then manifests.
    ///
    /// Of an index of which not all manifests are in the content store, the manifest for this machine is sent.
    ///
    /// - Returns: what the registry now knows under the reference.
    /// - Throws: `RPCError` as `Repository` does; `notFound` when the image is not complete.
    @discardableResult
    public func push(
        _ target: Descriptor, to reference: ImageReference, settings: RegistrySettings, parallel: Int = 3,
        report: @escaping TransferReport = { _ in }
    ) async throws -> Descriptor {
        var target = target
        if MediaType.isIndex(target.mediaType) {
            let present = Set(try await blobs(of: target).map(\.digest))
            if try await !children(of: target).allSatisfy({ present.contains($0.digest) }) {
                target = try await manifest(of: target).descriptor
            }
        }
        let push = ImagePush(
            repository: try Repository(reference, settings: settings), client: self, report: report)
        try await push.run(target, parallel: parallel)
        return target
    }
}

/// One image on its way to a registry.
private struct ImagePush {
    let repository: Repository
    let client: ContainerdClient
    let report: TransferReport

    func run(_ target: Descriptor, parallel: Int) async throws {
        var manifests: [Descriptor] = []
        var blobs: [Descriptor] = []
        var seen: Set<String> = []
        try await collect(target, &manifests, &blobs, &seen)
        for blob in blobs { await report(.found(blob)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, blob) in blobs.enumerated() {
                if number >= max(1, parallel) { try await group.next() }
                group.addTask { try await push(blob) }
            }
            try await group.waitForAll()
        }
        // Children first: a registry refuses a manifest whose parts it does not have.
        for manifest in manifests {
            let isTarget = manifest.digest == target.digest
            let name = isTarget ? repository.reference.tag ?? target.digest : manifest.digest
            try await repository.put(
                manifest: try await client.content.read(manifest.digest), mediaType: manifest.mediaType, name: name)
            await report(.done(manifest))
        }
    }

    private func collect(
        _ target: Descriptor, _ manifests: inout [Descriptor], _ blobs: inout [Descriptor], _ seen: inout Set<String>
    ) async throws {
        for child in try await client.children(of: target) where seen.insert(child.digest).inserted {
            if MediaType.isIndex(child.mediaType) || MediaType.isManifest(child.mediaType) {
                try await collect(child, &manifests, &blobs, &seen)
            } else {
                blobs.append(child)
            }
        }
        manifests.append(target)
    }

    private func push(_ blob: Descriptor) async throws {
        let label = "containerd.io/distribution.source.\(repository.reference.domain)"
        let info = try await client.content.info(blob.digest)
        let sources =
            info.labels[label]?.split(separator: ",").map(String.init).filter {
                $0 != repository.reference.path
            } ?? []
        if try await repository.exists(blob: blob.digest, mounting: []) { return await report(.exists(blob)) }
        var location: String?
        if let source = sources.first {
            do {
                location = try await repository.beginUpload(blob.digest, mounting: source, sources: sources)
                if location == nil { return await report(.mounted(blob, from: source)) }
            } catch let error as RPCError where [.unauthenticated, .permissionDenied, .notFound].contains(error.code) {
                // Not allowed to take it from there: then it is sent.
                location = nil
            }
        }
        let upload = BlobUpload(repository: repository, client: client, descriptor: blob, report: report)
        try await upload.run(location)
        await report(.done(blob))
    }
}
