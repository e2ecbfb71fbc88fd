// Unsafe pointers: libarchive's writing interface.
import CArchive
import Glibc
import SystemPackage

/// Writes a tar archive (pax where an entry needs it) as a stream.
///
/// Not `Sendable`, and its calls block as its sink does: use it within `BlockingWork.run`.
public final class ArchiveWriter {
    private final class Sink {
        let write: (UnsafeRawBufferPointer) throws -> Void
        var failure: (any Error)?
        init(_ write: @escaping (UnsafeRawBufferPointer) throws -> Void) { self.write = write }
    }

    private let archive: OpaquePointer
    private let sink: Sink
    private var remaining: Int64 = 0
    private var finished = false

    /// - Parameters:
    ///   - compression: none, gzip, zstd or xz.
    ///   - sink: gets the archive's bytes; what it throws ends the writing.
    /// - Throws: `ArchiveError.unsupported` for another compression.
    public init(
        compression: Compression = .none, sink write: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        archive = archive_write_new()
        sink = Sink(write)
        archive_write_set_format_pax_restricted(archive)
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
        // 256 KiB blocks, and no padding of the last one beyond tar's own end mark.
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
        guard status == ARCHIVE_OK else {
            throw ArchiveError.last(archive)
        }
    }

    /// Writes the archive into `descriptor`, which stays the caller's.
    public convenience init(compression: Compression = .none, descriptor: FileDescriptor) throws {
        try self.init(compression: compression) { try descriptor.writeAll($0) }
    }

    deinit {
        if !finished { archive_write_fail(archive) }
        archive_write_free(archive)
    }

    /// Begins an entry; exactly `entry.size` bytes of content follow with `write(_:)`.
    public func begin(_ entry: ArchiveEntry) throws {
        precondition(remaining == 0, "the content of the entry before is not complete")
        let header = archive_entry_new2(archive)
        defer { archive_entry_free(header) }
        entry.path.withPlatformString { archive_entry_copy_pathname(header, $0) }
        switch entry.kind {
        case .file: archive_entry_set_filetype(header, FileType.file)
        case .folder: archive_entry_set_filetype(header, FileType.folder)
        case .symbolicLink:
            archive_entry_set_filetype(header, FileType.symbolicLink)
            (entry.link ?? "").withPlatformString { archive_entry_copy_symlink(header, $0) }
        case .hardLink:
            archive_entry_set_filetype(header, FileType.file)
            (entry.link ?? "").withPlatformString { archive_entry_copy_hardlink(header, $0) }
        case .characterDevice: archive_entry_set_filetype(header, FileType.characterDevice)
        case .blockDevice: archive_entry_set_filetype(header, FileType.blockDevice)
        case .fifo: archive_entry_set_filetype(header, FileType.fifo)
        case .other: throw ArchiveError.unsupported("\(entry.path): tar has no such type of file")
        }
        archive_entry_set_perm(header, entry.mode & 0o7777)
        archive_entry_set_uid(header, la_int64_t(entry.userID))
        archive_entry_set_gid(header, la_int64_t(entry.groupID))
        if !entry.userName.isEmpty { archive_entry_copy_uname(header, entry.userName) }
        if !entry.groupName.isEmpty { archive_entry_copy_gname(header, entry.groupName) }
        archive_entry_set_mtime(header, time_t(entry.modified.seconds), entry.modified.nanoseconds)
        let size = entry.kind == .file ? entry.size : 0
        archive_entry_set_size(header, size)
        if entry.kind == .characterDevice || entry.kind == .blockDevice {
            archive_entry_set_rdevmajor(header, dev_t(entry.device.major))
            archive_entry_set_rdevminor(header, dev_t(entry.device.minor))
        }
        for (name, value) in entry.attributes.sorted(by: { $0.key < $1.key }) {
            value.withUnsafeBytes { archive_entry_xattr_add_entry(header, name, $0.baseAddress, $0.count) }
        }
        try check(archive_write_header(archive, header))
        remaining = size
    }

    /// Writes content of the entry begun last.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(Int64(bytes.count) <= remaining, "more content than the entry's size")
        guard bytes.count > 0 else { return }
        let count = archive_write_data(archive, bytes.baseAddress, bytes.count)
        guard count == bytes.count else { throw sink.failure ?? ArchiveError.last(archive) }
        remaining -= Int64(count)
    }

    /// Writes an entry with its content.
    public func write(_ entry: ArchiveEntry, content: [UInt8] = []) throws {
        var entry = entry
        if entry.kind == .file { entry.size = Int64(content.count) }
        try begin(entry)
        if entry.kind == .file { try content.withUnsafeBytes { try write($0) } }
    }

    /// Writes an entry whose content is what `descriptor` holds from its current offset on.
    ///
    /// A file that shrinks meanwhile is filled up with zeros, one that grows is cut at `entry.size`.
    public func write(_ entry: ArchiveEntry, from descriptor: FileDescriptor) throws {
        try begin(entry)
        try withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
            while remaining > 0 {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), remaining))])
                var count = try descriptor.read(into: room)
                if count == 0 {
                    room.initializeMemory(as: UInt8.self, repeating: 0)
                    count = room.count
                }
                try write(UnsafeRawBufferPointer(rebasing: room[..<count]))
            }
        }
    }

    /// Writes the archive's end. Without it the archive is incomplete.
    public func finish() throws {
        precondition(remaining == 0, "the content of the last entry is not complete")
        finished = true
        try check(archive_write_close(archive))
    }

    private func check(_ status: CInt) throws {
        // A name that is not of the locale's encoding gives a warning, and is written as it is.
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw sink.failure ?? ArchiveError.last(archive) }
    }
}
