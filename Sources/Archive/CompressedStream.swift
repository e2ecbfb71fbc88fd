// Unsafe pointers: libarchive's writing interface.
import CArchive
import Glibc

/// Compresses a stream of bytes.
///
/// Not `Sendable`, and its calls block as its sink does.
public final class CompressedStream {
    private let sink: LibarchiveSink

    /// - Parameters:
    ///   - compression: gzip, zstd, xz, or none.
    ///   - sink: gets the compressed bytes; what it throws ends the writing.
    public init(_ compression: Compression, sink write: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        sink = try LibarchiveSink(format: archive_write_set_format_raw, compression: compression, sink: write)
        let entry = archive_entry_new2(sink.archive)
        defer { archive_entry_free(entry) }
        archive_entry_set_filetype(entry, FileType.file)
        archive_entry_copy_pathname(entry, "data")
        try sink.check(archive_write_header(sink.archive, entry))
    }

    /// Adds bytes to the stream.
    public func write(_ bytes: UnsafeRawBufferPointer) throws { try sink.write(bytes) }

    /// Ends the stream.
    public func finish() throws { try sink.close() }
}
