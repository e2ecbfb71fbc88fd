// Unsafe pointers: libarchive's writing interface and callbacks.
import CArchive

/// libarchive's writing side, open over a closure that takes the bytes, and the error of a closure that throws.
final class LibarchiveSink {
    /// To be given entries and content.
    let archive: OpaquePointer
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    private var failure: (any Error)?
    private var isClosed = false

    /// - Parameters:
    ///   - format: sets the format on the archive, such as `archive_write_set_format_raw`.
    ///   - compression: none, gzip, zstd or xz.
    ///   - sink: gets the bytes; what it throws ends the writing.
    /// - Throws: `ArchiveError.unsupported` for another compression.
    init(
        format: (OpaquePointer?) -> CInt, compression: Compression,
        sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        archive = archive_write_new()
        self.sink = sink
        _ = format(archive)
        switch compression {
        case .none: archive_write_add_filter_none(archive)
        case .gzip:
            archive_write_add_filter_gzip(archive)
            // The same content gives the same digest: no time of writing in the header.
            archive_write_set_filter_option(archive, "gzip", "timestamp", nil)
        case .zstd: archive_write_add_filter_zstd(archive)
        case .xz: archive_write_add_filter_xz(archive)
        case .bzip2, .other:
            throw ArchiveError.unsupported("writing with compression \(compression)")
        }
        // 256 KiB blocks, and no padding of the last one beyond the format's own end mark.
        archive_write_set_bytes_per_block(archive, 256 * 1024)
        archive_write_set_bytes_in_last_block(archive, 1)
        let status = archive_write_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, context, bytes, count in
                let this = Unmanaged<LibarchiveSink>.fromOpaque(context!).takeUnretainedValue()
                do {
                    try this.sink(UnsafeRawBufferPointer(start: bytes, count: count))
                    return count
                } catch {
                    this.failure = error
                    return -1
                }
            }, nil)
        try check(status)
    }

    deinit {
        if !isClosed { archive_write_fail(archive) }
        archive_write_free(archive)
    }

    /// Writes content of the entry begun last.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 0 else { return }
        guard archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count else {
            throw failure ?? ArchiveError.last(archive)
        }
    }

    /// Writes the end.
    func close() throws {
        isClosed = true
        try check(archive_write_close(archive))
    }

    /// Throws what `status` stands for, or what the closure threw.
    func check(_ status: CInt) throws {
        // A name that is not of the locale's encoding gives a warning, and is written as it is.
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw failure ?? ArchiveError.last(archive) }
    }
}
