// Unsafe pointers: libarchive's reading interface.
import CArchive

/// The bytes of a stream without its compression: what a layer's diff id is the digest of.
///
/// Not `Sendable`, and its calls block.
public final class DecompressedStream {
    private enum Form {
        case plain(ByteSource)
        case filtered(OpaquePointer, LibarchiveStream)
    }

    private let form: Form
    private var head: [UInt8]?
    /// How the stream is compressed, by its first bytes.
    public let compression: Compression

    /// - Throws: what `source` throws, `ArchiveError.malformed` when the compression's header is broken.
    public init(source: @escaping ByteSource) throws {
        var start: [UInt8] = []
        while start.count < 6 {
            let more = try source()
            if more.isEmpty { break }
            start.append(contentsOf: more)
        }
        compression = Compression(prefix: start)
        if compression == .none {
            head = start
            form = .plain(source)
            return
        }
        var pending: [UInt8]? = start
        let archive = archive_read_new()!
        let stream = LibarchiveStream {
            if let first = pending {
                pending = nil
                return first
            }
            return try source()
        }
        archive_read_support_filter_all(archive)
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        var entry: OpaquePointer?
        guard stream.open(archive) == ARCHIVE_OK, archive_read_next_header(archive, &entry) >= ARCHIVE_WARN else {
            let error = stream.failure ?? ArchiveError.last(archive)
            archive_read_free(archive)
            throw error
        }
        form = .filtered(archive, stream)
    }

    deinit {
        if case .filtered(let archive, _) = form { archive_read_free(archive) }
    }

    /// The next bytes; empty at the end.
    public func read() throws -> [UInt8] {
        switch form {
        case .plain(let source):
            if let first = head, !first.isEmpty {
                head = nil
                return first
            }
            return try source()
        case .filtered(let archive, let stream):
            while true {
                var start: UnsafeRawPointer?
                var (count, offset) = (0, la_int64_t(0))
                switch archive_read_data_block(archive, &start, &count, &offset) {
                case ARCHIVE_EOF: return []
                case ARCHIVE_OK, ARCHIVE_WARN:
                    if count > 0 { return [UInt8](UnsafeRawBufferPointer(start: start, count: count)) }
                case ARCHIVE_RETRY: continue
                default: throw stream.failure ?? ArchiveError.last(archive)
                }
            }
        }
    }
}
