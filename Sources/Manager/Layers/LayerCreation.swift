// Unsafe pointers: handing bytes to the digest.
import Archive
import Crypto
import SystemPackage

/// Packs what makes one snapshot out of another as a layer.
struct LayerCreation {
    let left: LayerMounts
    let right: LayerMounts
    /// The time that nothing in the layer is younger than.
    var latest: ArchiveEntry.Time?

    /// - Returns: the digest of the uncompressed layer.
    func run(compression: Compression, sink: @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> String {
        let compressed = try CompressedStream(compression, sink: sink)
        var hasher = SHA256()
        let writer = try ArchiveWriter { bytes in
            hasher.update(bufferPointer: bytes)
            try compressed.write(bytes)
        }
        let packer = LayerPacker(writer, latest: latest)
        if let upper = right.upper ?? (right.lower.count == left.layers.count + 1 ? right.lower.first : nil),
            Array(right.layers.dropFirst()) == left.layers
        {
            // The upper folder is the difference.
            try packer.write(layer: upper)
        } else {
            try packer.write(
                from: MergedFolder(layers: left.layers), to: MergedFolder(layers: right.layers))
        }
        try writer.finish()
        try compressed.finish()
        return "sha256:"
            + hasher.finalize().map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
