import Archive
import ContainerdAPI
import ContentStore
import Crypto
import Foundation
import GRPC
import Metadata
import RPC
import SwiftProtobuf
import SystemPackage

/// The diff service: unpacks layers into snapshots, and packs what snapshots changed.
struct DiffServer {
    /// The label that says what a compressed layer's diff id is.
    private static let uncompressedLabel = "containerd.io/uncompressed"
    /// The metadata in which a client names the write under which the layer to apply is coming in.
    private static let ingestHeader = "ukontainer-ingest"

    let store: ContentStore
    let metadata: MetadataStore
    let processors: [StreamProcessor]

    func register(on server: GRPCServer) {
        server.register(DiffService.apply) { request, context in
            var response = Containerd_Services_Diff_V1_ApplyResponse()
            response.applied = try await apply(request, context.scope(), following: context.metadata[Self.ingestHeader])
            return response
        }
        server.register(DiffService.diff) { request, context in
            var response = Containerd_Services_Diff_V1_DiffResponse()
            response.diff = try await diff(request, context.scope())
            return response
        }
    }

    private func apply(
        _ request: Containerd_Services_Diff_V1_ApplyRequest, _ scope: Scope, following ingest: String?
    ) async throws -> Containerd_Types_Descriptor {
        let steps = try StreamProcessor.steps(from: request.diff.mediaType, among: processors)
        let mounts = try LayerMounts(request.mounts)
        guard let upper = mounts.upper else {
            throw RPCError.failedPrecondition("apply \(request.diff.digest): the mounts cannot be written to")
        }
        let blob: any LayerSource
        if let ingest, let growing = try store.follow(ingest, digest: request.diff.digest, in: scope) {
            blob = growing
        } else {
            blob = try await store.open(request.diff.digest, in: scope)
        }
        let chain = try ProcessorChain(steps, mediaType: request.diff.mediaType, payloads: request.payloads)
        let sync = request.syncFs
        return try await withTaskCancellationHandler {
            try await BlockingWork.run {
                var applied = try LayerApplication(blob: blob, chain: chain).run(into: upper, below: mounts.lower)
                if sync { try LayerFolder.sync(upper) }
                applied.mediaType = LayerMediaType.tar
                return applied
            }
        } onCancel: {
            // A program may hang.
            chain.stop()
        }
    }

    private func diff(
        _ request: Containerd_Services_Diff_V1_DiffRequest, _ scope: Scope
    ) async throws -> Containerd_Types_Descriptor {
        let mediaType = request.mediaType.isEmpty ? LayerMediaType.gzip : request.mediaType
        guard LayerMediaType.isLayer(mediaType) else {
            throw RPCError.unimplemented("unsupported diff media type: \(mediaType)")
        }
        let (left, right) = (try LayerMounts(request.left), try LayerMounts(request.right))
        let now = Google_Protobuf_Timestamp.now
        let latest =
            request.hasSourceDateEpoch
            ? ArchiveEntry.Time(
                seconds: request.sourceDateEpoch.seconds, nanoseconds: Int(request.sourceDateEpoch.nanos)) : nil
        let ref = request.ref.isEmpty ? "uncompressed-diff-\(now.seconds)-\(now.nanos)" : request.ref
        let writer = try await store.writer(ref, total: 0, expected: "", in: scope)
        do {
            try await writer.truncate()
            let channel = ByteChannel()
            async let packed: String = BlockingWork.run {
                do {
                    let digest = try LayerCreation(left: left, right: right, latest: latest)
                        .run(compression: Compression(mediaType: mediaType)) { try channel.put(Array($0)) }
                    channel.end()
                    return digest
                } catch {
                    channel.fail(error)
                    throw error
                }
            }
            do {
                while let chunk = try await channel.next() { try await writer.write(chunk) }
            } catch {
                channel.fail(error)
                throw error
            }
            return try await finish(request, writer, mediaType, diffID: try await packed, scope)
        } catch {
            await writer.close()
            try? store.abort(ref, in: scope)
            throw error
        }
    }

    private func finish(
        _ request: Containerd_Services_Diff_V1_DiffRequest, _ writer: ContentWriter, _ mediaType: String,
        diffID: String, _ scope: Scope
    ) async throws -> Containerd_Types_Descriptor {
        var descriptor = Containerd_Types_Descriptor()
        descriptor.mediaType = mediaType
        descriptor.digest = await writer.digest()
        descriptor.size = await writer.status().offset
        var labels = request.labels
        if descriptor.digest != diffID { labels[Self.uncompressedLabel] = diffID }
        do {
            _ = try await writer.commit(size: 0, expected: "", labels: labels)
        } catch let error as RPCError where error.code == .alreadyExists {
            _ = try await metadata.claimContent(descriptor.digest, in: scope)
            guard descriptor.digest != diffID else { return descriptor }
            var info = ContentInfo()
            info.digest = descriptor.digest
            info.labels = [Self.uncompressedLabel: diffID]
            var mask = Google_Protobuf_FieldMask()
            mask.paths = ["labels.\(Self.uncompressedLabel)"]
            _ = try await metadata.update(info, mask: mask, in: scope)
        }
        return descriptor
    }
}
