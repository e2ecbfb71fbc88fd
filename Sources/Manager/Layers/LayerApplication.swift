// Unsafe pointers: handing bytes to the digest.
import Archive
import ContainerdAPI
import ContentStore
import Crypto
import SystemPackage

/// Unpacks a layer. Decompressing and hashing run on a thread of their own beside the unpacking.
struct LayerApplication {
    let blob: any LayerSource
    /// The programs through which the blob goes first.
    let chain: ProcessorChain

    /// - Returns: digest and size of the uncompressed layer, once all of it has been read and the blob verified.
    func run(into folder: FilePath, below: [FilePath]) throws -> Containerd_Types_Descriptor {
        let channel = ByteChannel(limit: 4 << 20)
        let outcome = ByteChannel()
        BlockingWork.start { [blob, chain] in
            do {
                let digest = try Self.decompress(blob, chain, into: channel)
                channel.end()
                try outcome.put(Array(digest.utf8))
                outcome.end()
            } catch {
                channel.fail(error)
                outcome.fail(error)
            }
        }
        var size: Int64 = 0
        do {
            // A tar's end mark comes before the end of the stream, all of which counts.
            let reader = try ArchiveReader {
                let bytes = try channel.receive()
                size += Int64(bytes.count)
                return bytes
            }
            _ = try LayerUnpacker(into: folder, below: below).unpack(reader)
            while true {
                let rest = try channel.receive()
                if rest.isEmpty { break }
                size += Int64(rest.count)
            }
        } catch {
            channel.fail(error)
            // The other thread may be waiting for what a program writes.
            chain.stop()
            throw error
        }
        var descriptor = Containerd_Types_Descriptor()
        descriptor.digest = String(decoding: try outcome.receive(), as: UTF8.self)
        descriptor.size = size
        return descriptor
    }

    private static func decompress(
        _ blob: any LayerSource, _ chain: ProcessorChain, into channel: ByteChannel
    ) throws -> String {
        defer { chain.stop() }
        let more = try chain.start(on: blob)
        let stream = try DecompressedStream(source: more)
        var hasher = SHA256()
        while true {
            let bytes = try stream.read()
            if bytes.isEmpty { break }
            bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
            try channel.put(bytes)
        }
        // What follows the compressed stream counts for the blob's digest alone, which is known at the blob's end.
        while try !more().isEmpty {}
        return "sha256:"
            + hasher.finalize().map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
