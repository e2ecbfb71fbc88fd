import ContainerdClient
import NIOCore
import OCISpec
import RPC

/// Brings one blob from a repository into the content store, in pieces: at most a few MiB are in memory.
///
/// Where an earlier attempt stopped, it goes on: what the content store holds under the same reference is not fetched
/// again. The store verifies size and digest before the blob exists.
struct BlobFetch: Sendable {
    let repository: Repository
    let client: ContainerdClient
    let descriptor: Descriptor
    let labels: [String: String]
    let report: TransferReport
    /// Is told the name of the write each time one begins.
    let begun: @Sendable (String) -> Void

    /// Bytes of one message to the content store.
    private static let pieceSize = 1 << 20
    /// Connections that may break in one fetch without any byte coming through.
    private static let fruitlessAttempts = 5

    /// The name under which containerd's clients write such a blob, so that each goes on where another stopped.
    private var key: String {
        let kind =
            MediaType.isIndex(descriptor.mediaType)
            ? "index"
            : MediaType.isManifest(descriptor.mediaType)
                ? "manifest"
                : MediaType.isLayer(descriptor.mediaType)
                    ? "layer" : MediaType.isConfiguration(descriptor.mediaType) ? "config" : "unknown"
        return "\(kind)-\(descriptor.digest)"
    }

    func run() async throws {
        do {
            guard ImageReference.isDigest(descriptor.digest), descriptor.size >= 0 else {
                throw RPCError(.invalidArgument, "\(descriptor.digest): only sha256 digests are supported")
            }
            if try await exists() { return await report(.exists(descriptor)) }
            do {
                try await fetch()
            } catch let error as RPCError where error.code == .failedPrecondition {
                // The store threw away what it had. What an earlier attempt left may have been the reason.
                guard error.message.contains("resumed") else { throw error }
                try await fetch()
            }
            await report(.done(descriptor))
        } catch let error as RPCError where error.code == .alreadyExists {
            try await client.content.label(descriptor.digest, labels)
            await report(.exists(descriptor))
        }
    }

    /// Whether the store has the blob; then it gets the labels and belongs to the lease.
    private func exists() async throws -> Bool {
        do {
            let info = try await client.content.info(descriptor.digest)
            guard info.size == descriptor.size else {
                throw RPCError(
                    .dataLoss,
                    "\(descriptor.digest) has \(info.size) bytes in the content store, its manifest says \(descriptor.size)"
                )
            }
            try await client.content.label(descriptor.digest, labels)
            if let lease = client.lease {
                try await client.leases.add(lease, resource: descriptor.digest, type: "content")
            }
            return true
        } catch let error as RPCError where error.code == .notFound {
            return false
        }
    }

    private func fetch() async throws {
        let writer = try await open()
        begun(key)
        do {
            try await writer.finish(digest: descriptor.digest, labels: labels, keepsOnFailure: true) { send in
                var received = writer.offset
                var fruitless = 0
                await report(.moved(descriptor, bytes: received))
                while received < descriptor.size {
                    let before = received
                    do {
                        try await transfer(&received, send)
                    } catch {
                        guard HTTPTransport.isTransient(error) else { throw error }
                    }
                    fruitless = received == before ? fruitless + 1 : 0
                    if received < descriptor.size {
                        guard fruitless < Self.fruitlessAttempts else {
                            throw RPCError(
                                .unavailable,
                                "blob \(descriptor.digest): the connection broke after \(received) of \(descriptor.size) bytes"
                                    + " and does not go on; pull again to continue")
                        }
                        try await Task.sleep(for: .milliseconds(100 << min(fruitless, 5)))
                    }
                }
            }
        } catch var error as RPCError where error.code == .failedPrecondition {
            if writer.offset > 0 { error.message += " (resumed at \(writer.offset))" }
            throw error
        }
    }

    /// Opens the ingest. Another client may be at the same blob: then this one waits for it.
    private func open() async throws -> ContentWriter {
        var pause = Duration.milliseconds(20)
        while true {
            do {
                return try await client.content.writer(key, size: descriptor.size, digest: descriptor.digest)
            } catch let error as RPCError where error.code == .unavailable && error.message.contains("lock") {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }

    /// Sends what one connection brings. `received` counts bytes that have been sent.
    private func transfer(_ received: inout Int64, _ send: ([UInt8]) async throws -> Void) async throws {
        let (body, start, url) = try await repository.blob(descriptor, from: received)
        var skip = received - start
        var pending: [UInt8] = []
        pending.reserveCapacity(Self.pieceSize + 65536)
        func flush(_ received: inout Int64) async throws {
            guard !pending.isEmpty else { return }
            let count = Int64(pending.count)
            try await send(pending)
            pending.removeAll(keepingCapacity: true)
            received += count
            await report(.moved(descriptor, bytes: received))
        }
        do {
            for try await var buffer in body {
                if skip > 0 {
                    let skipped = min(Int(skip), buffer.readableBytes)
                    buffer.moveReaderIndex(forwardBy: skipped)
                    skip -= Int64(skipped)
                }
                guard received + Int64(pending.count + buffer.readableBytes) <= descriptor.size else {
                    throw RPCError(.dataLoss, "\(url): more bytes than the \(descriptor.size) of its descriptor")
                }
                buffer.withUnsafeReadableBytes { pending.append(contentsOf: $0) }
                if pending.count >= Self.pieceSize { try await flush(&received) }
            }
        } catch {
            // What came before the connection broke is not fetched again.
            if HTTPTransport.isTransient(error) { try await flush(&received) }
            throw error
        }
        try await flush(&received)
    }
}
