// Unsafe pointers: libarchive's writing interface.
import CArchive
import Glibc

/// Compresses a stream of bytes.
///
/// Not `Sendable`, and its calls block as its sink does.
public final class CompressedStream {
    private final class Sink {
        let write: (UnsafeRawBufferPointer) throws -> Void
        var failure: (any Error)?
        init(_ write: @escaping (UnsafeRawBufferPointer) throws -> Void) { self.write = write }
    }

    private let archive: OpaquePointer
    private let sink: Sink
    private var finished = false

    /// - Parameters:
    ///   - compression: gzip, zstd, xz, or none.
    ///   - sink: gets the compressed bytes; what it throws ends the writing.
    public init(_ compression: Compression, sink write: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        archive = archive_write_new()
        sink = Sink(write)
        archive_write_set_format_raw(archive)
        switch compression {
        case .none: archive_write_add_filter_none(archive)
        case .gzip:
            archive_write_add_filter_gzip(archive)
            archive_write_set_filter_option(archive, "gzip", "timestamp", nil)
        case .zstd: archive_write_add_filter_zstd(archive)
        case .xz: archive_write_add_filter_xz(archive)
        case .bzip2, .other: throw ArchiveError.unsupported("writing with compression \(compression)")
        }
        archive_write_set_bytes_per_block(archive, 256 * 1024)
        archive_write_set_bytes_in_last_block(archive, 1)
        let status = archive_write_open(
            archive, Unmanaged.passUnretained(sink).toOpaque(), nil,
            { _, context, bytes, count in
                let sink = Unmanaged<Sink>.fromOpaque(context!).takeUnretainedValue()
                do {
                    try sink.write(UnsafeRawBufferPointer(start: bytes, count: count))
                    return count
                } catch {
                    sink.failure = error
                    return -1
                }
            }, nil)
        guard status == ARCHIVE_OK else { throw ArchiveError.last(archive) }
        let entry = archive_entry_new2(archive)
        defer { archive_entry_free(entry) }
        archive_entry_set_filetype(entry, FileType.file)
        archive_entry_copy_pathname(entry, "data")
        guard archive_write_header(archive, entry) == ARCHIVE_OK else {
            throw sink.failure ?? ArchiveError.last(archive)
        }
    }

    deinit {
        if !finished { archive_write_fail(archive) }
        archive_write_free(archive)
    }

    /// Adds bytes to the stream.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 0 else { return }
        guard archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count else {
            throw sink.failure ?? ArchiveError.last(archive)
        }
    }

    /// Ends the stream.
    public func finish() throws {
        finished = true
        guard archive_write_close(archive) == ARCHIVE_OK else { throw sink.failure ?? ArchiveError.last(archive) }
    }
}
