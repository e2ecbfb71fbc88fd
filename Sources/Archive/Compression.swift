import CArchive

/// How the bytes of an archive are compressed.
public enum Compression: Sendable, Equatable {
    case none
    case gzip
    case zstd
    case xz
    case bzip2
    /// Another filter that libarchive knows.
    case other(String)

    /// The compression that the first bytes of a stream announce.
    ///
    /// - Parameter prefix: at least 6 bytes where the stream has them.
    public init(prefix: some Collection<UInt8>) {
        let start = Array(prefix.prefix(6))
        self =
            switch true {
            case start.starts(with: [0x1f, 0x8b]): .gzip
            case start.starts(with: [0x28, 0xb5, 0x2f, 0xfd]): .zstd
            case start.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]): .xz
            case start.starts(with: [0x42, 0x5a, 0x68]): .bzip2
            default: .none
            }
    }

    /// The compression that a layer's media type names: OCI's `+gzip` and `+zstd`, Docker's `.gzip`; anything else is none.
    public init(mediaType: String) {
        self =
            mediaType.hasSuffix("+gzip") || mediaType.hasSuffix(".gzip")
            ? .gzip : mediaType.hasSuffix("+zstd") || mediaType.hasSuffix(".zstd") ? .zstd : .none
    }
}
