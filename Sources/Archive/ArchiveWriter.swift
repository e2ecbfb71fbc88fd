// Unsafe pointers: libarchive's writing interface.
import CArchive
import Glibc
import SystemPackage

/// Writes a tar archive (pax where an entry needs it) as a stream.
///
/// Not `Sendable`, and its calls block as its sink does: use it within `BlockingWork.run`.
public final class ArchiveWriter {
    private let sink: LibarchiveSink
    private var remaining: Int64 = 0

    /// - Parameters:
    ///   - compression: none, gzip, zstd or xz.
    ///   - sink: gets the archive's bytes; what it throws ends the writing.
    /// - Throws: `ArchiveError.unsupported` for another compression.
    public init(
        compression: Compression = .none, sink write: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        sink = try LibarchiveSink(
            format: archive_write_set_format_pax_restricted, compression: compression, sink: write)
    }

    /// Writes the archive into `descriptor`, which stays the caller's.
    public convenience init(compression: Compression = .none, descriptor: FileDescriptor) throws {
        try self.init(compression: compression) { try descriptor.writeAll($0) }
    }

    /// Begins an entry; exactly `entry.size` bytes of content follow with `write(_:)`.
    public func begin(_ entry: ArchiveEntry) throws {
        precondition(remaining == 0, "the content of the entry before is not complete")
        let header = archive_entry_new2(sink.archive)
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
        try sink.check(archive_write_header(sink.archive, header))
        remaining = size
    }

    /// Writes content of the entry begun last.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(Int64(bytes.count) <= remaining, "more content than the entry's size")
        try sink.write(bytes)
        remaining -= Int64(bytes.count)
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
        try sink.close()
    }
}
