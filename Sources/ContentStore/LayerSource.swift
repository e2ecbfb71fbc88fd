import SystemPackage

/// Where a layer's bytes come from: a blob, or one that is still being written.
public protocol LayerSource: Sendable {
    /// Up to `count` bytes from `offset` on; empty at the end of a blob whose digest has been verified. May block.
    func read(at offset: Int64, count: Int) throws -> [UInt8]
}

extension Blob: LayerSource {}

/// A blob that is being written, read while it grows.
public final class GrowingBlob: LayerSource {
    private let blob: Blob
    private let progress: IngestProgress
    private let digest: String

    init(_ descriptor: FileDescriptor, progress: IngestProgress, digest: String) {
        // The file keeps its bytes when it is renamed to its place.
        blob = Blob(descriptor: descriptor, size: 0)
        self.progress = progress
        self.digest = digest
    }

    /// Blocks until there are bytes, or the write has ended.
    ///
    /// - Returns: empty only when all bytes have been read and they were verified and committed under the digest that was asked
    ///   for.
    /// - Throws: `RPCError` when the write was given up, begun anew, or has brought another blob.
    public func read(at offset: Int64, count: Int) throws -> [UInt8] {
        guard let written = try progress.wait(beyond: offset, of: digest) else { return [] }
        return try blob.read(at: offset, count: Int(min(Int64(count), written - offset)))
    }
}
