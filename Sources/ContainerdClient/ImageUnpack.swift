import ContainerdAPI
import Crypto
import OCISpec
import RPC

/// The name of a stack of layers: OCI image specification, config.md, Layer ChainID.
public func chainID(_ diffIDs: [String]) -> String {
    guard var chain = diffIDs.first else { return "" }
    for diff in diffIDs.dropFirst() { chain = sha256(Array("\(chain) \(diff)".utf8)) }
    return chain
}

/// How far a layer is that is to be unpacked.
public enum LayerArrival: Sendable {
    /// The content store has it.
    case complete
    /// It is being written to the content store under the name `ingest`; `end` waits until it is there.
    case underWay(ingest: String, end: @Sendable () async throws -> Void)
}

extension ContainerdClient {
    /// Whether all layers of an image are snapshots already.
    public func isUnpacked(_ target: Descriptor, snapshotter: String = "overlayfs") async throws -> Bool {
        let chain = chainID(try await configuration(of: target).rootfs.diffIDs)
        if chain.isEmpty { return true }
        return try await orNil { try await snapshots(snapshotter).stat(chain) } != nil
    }

    /// Makes snapshots of an image's layers, as far as they are missing, and returns the name of the topmost
    /// (empty for an image without layers).
    ///
    /// - Parameters:
    ///   - before: runs before a layer is unpacked, may wait for it, and says whether it is there. A layer under way is
    ///     unpacked while it comes, by a server that can do that.
    ///   - after: runs when the layer is a snapshot.
    /// - Throws: `failedPrecondition` when a layer's content is not what the configuration says; what `before` throws.
    @discardableResult
    public func unpack(
        _ target: Descriptor, snapshotter: String = "overlayfs", platform: Platform = .current,
        before: (Descriptor) async throws -> LayerArrival = { _ in .complete },
        after: (Descriptor) async -> Void = { _ in }
    ) async throws -> String {
        let manifest = try await manifest(of: target, platform: platform).manifest
        let diffIDs = try await configuration(manifest).rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw RPCError(
                .failedPrecondition,
                "\(target.digest) has \(manifest.layers.count) layers, but its configuration names \(diffIDs.count)")
        }
        let top = chainID(diffIDs)
        if diffIDs.isEmpty { return top }
        let label = ["containerd.io/gc.ref.snapshot.\(snapshotter)": top]
        // The usual case: nothing is to be done.
        if try await orNil({ try await snapshots(snapshotter).stat(top) }) != nil {
            let info = try await content.info(manifest.config.digest)
            if info.labels[label.first!.key] != top { try await content.label(manifest.config.digest, label) }
            return top
        }
        try await withLease { client in
            var parent = ""
            for (number, layer) in manifest.layers.enumerated() {
                let chain = chainID(Array(diffIDs[...number]))
                let arrival = try await before(layer)
                try await client.unpack(
                    layer, arrival, diffID: diffIDs[number], chain: chain, parent: parent, snapshotter: snapshotter)
                await after(layer)
                parent = chain
            }
            try await client.content.label(manifest.config.digest, label)
        }
        return top
    }

    private func unpack(
        _ layer: Descriptor, _ arrival: LayerArrival, diffID: String, chain: String, parent: String,
        snapshotter: String
    ) async throws {
        if case .underWay(let ingest, let end) = arrival {
            do {
                try await unpack(
                    layer, ingest: ingest, diffID: diffID, chain: chain, parent: parent, snapshotter: snapshotter)
            } catch {
                // The server may know nothing of this, or the write was begun anew. If the layer is what is wrong, that
                // shows again.
                try await end()
                try await unpack(
                    layer, ingest: nil, diffID: diffID, chain: chain, parent: parent, snapshotter: snapshotter)
            }
            try await end()
        } else {
            try await unpack(
                layer, ingest: nil, diffID: diffID, chain: chain, parent: parent, snapshotter: snapshotter)
        }
        if layer.digest != diffID {
            try await content.label(layer.digest, ["containerd.io/uncompressed": diffID])
        }
    }

    private func unpack(
        _ layer: Descriptor, ingest: String?, diffID: String, chain: String, parent: String, snapshotter: String
    ) async throws {
        let snapshots = snapshots(snapshotter)
        if try await orNil({ try await snapshots.stat(chain) }) != nil { return }
        let key = "extract-\(UInt64.random(in: 0 ... .max)) \(chain)"
        let mounts: [Mount]
        do {
            mounts = try await snapshots.prepare(
                key, parent: parent, labels: ["containerd.io/snapshot.ref": chain])
        } catch let error as RPCError where error.code == .alreadyExists {
            return
        }
        do {
            let applied = try await diff.apply(layer, to: mounts, ingest: ingest)
            guard applied.digest == diffID else {
                throw RPCError(
                    .failedPrecondition,
                    "layer \(layer.digest) unpacks to \(applied.digest), but the image says \(diffID)")
            }
            do {
                try await snapshots.commit(chain, key: key)
            } catch let error as RPCError where error.code == .alreadyExists {
                try await snapshots.remove(key)
            }
        } catch {
            await Task.detached { try? await snapshots.remove(key) }.value
            throw error
        }
    }
}
