// Unsafe pointers: libarchive's reading interface.
import CArchive
import Glibc
import SystemPackage

/// Reads a tar archive as a stream, whatever it is compressed with (gzip, zstd, xz, bzip2, none).
///
/// Not `Sendable`, and its calls block: use it within `BlockingWork.run`.
public final class ArchiveReader {
    private let archive: OpaquePointer
    private var stream: LibarchiveStream

    /// Reads the archive whose bytes `source` gives.
    ///
    /// - Throws: `ArchiveError.malformed` when the first bytes are no archive, and what `source` throws.
    public init(source: @escaping ByteSource) throws {
        archive = archive_read_new()
        stream = LibarchiveStream(source)
        archive_read_support_filter_all(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_empty(archive)
        guard stream.open(archive) == ARCHIVE_OK else {
            throw stream.failure ?? ArchiveError.last(archive)
        }
    }

    /// Reads the archive in `descriptor` from its current offset on; the descriptor stays the caller's.
    public convenience init(descriptor: FileDescriptor) throws {
        try self.init(source: ByteSources.descriptor(descriptor))
    }

    deinit {
        archive_read_free(archive)
    }

    /// The next entry, or nil at the archive's end. Content of the entry before that was not read is skipped.
    ///
    /// - Throws: `ArchiveError.malformed`, also when the archive ends within an entry.
    public func next() throws -> ArchiveEntry? {
        var entry: OpaquePointer?
        while true {
            switch archive_read_next_header(archive, &entry) {
            case ARCHIVE_EOF: return nil
            // Names that are not of the locale's encoding give a warning, and come through as they are.
            case ARCHIVE_OK, ARCHIVE_WARN: return try ArchiveEntry(libarchive: entry!)
            case ARCHIVE_RETRY: continue
            default: throw stream.failure ?? ArchiveError.last(archive)
            }
        }
    }

    /// Reads content of the current entry into `buffer`; 0 at its end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw stream.failure ?? ArchiveError.last(archive) }
        return count
    }

    /// Hands the content of the current entry to `body` in blocks, without copying.
    public func forEachBlock(_ body: (_ offset: Int64, _ block: UnsafeRawBufferPointer) throws -> Void) throws {
        while true {
            var start: UnsafeRawPointer?
            var (count, offset) = (0, la_int64_t(0))
            switch archive_read_data_block(archive, &start, &count, &offset) {
            case ARCHIVE_EOF: return
            case ARCHIVE_OK, ARCHIVE_WARN: try body(offset, UnsafeRawBufferPointer(start: start, count: count))
            case ARCHIVE_RETRY: continue
            default: throw stream.failure ?? ArchiveError.last(archive)
            }
        }
    }

    /// The whole content of the current entry.
    ///
    /// - Throws: `ArchiveError.tooLarge` when it has more than `limit` bytes.
    public func readAll(limit: Int = 16 << 20) throws -> [UInt8] {
        var result: [UInt8] = []
        try forEachBlock { offset, block in
            guard offset >= result.count else { throw ArchiveError.malformed("content that goes backwards") }
            guard offset <= limit, Int(offset) + block.count <= limit else {
                throw ArchiveError.tooLarge("entry of more than \(limit) bytes")
            }
            result.append(contentsOf: repeatElement(0, count: Int(offset) - result.count))
            result.append(contentsOf: block)
        }
        return result
    }
}

extension ArchiveEntry {
    init(libarchive entry: OpaquePointer) throws {
        guard let name = archive_entry_pathname(entry) else { throw ArchiveError.malformed("entry without a name") }
        let hardLink = archive_entry_hardlink(entry)
        let symbolicLink = archive_entry_symlink(entry)
        let kind: Kind = hardLink != nil ? .hardLink : Kind(fileType: archive_entry_filetype(entry))
        self.init(
            path: FilePath(platformString: name), kind: kind, mode: archive_entry_perm(entry) & 0o7777,
            userID: UInt32(truncatingIfNeeded: archive_entry_uid(entry)),
            groupID: UInt32(truncatingIfNeeded: archive_entry_gid(entry)),
            size: kind == .file ? archive_entry_size(entry) : 0,
            modified: Time(
                seconds: Int64(archive_entry_mtime(entry)), nanoseconds: Int(archive_entry_mtime_nsec(entry))),
            link: (hardLink ?? symbolicLink).map { FilePath(platformString: $0) })
        userName = archive_entry_uname(entry).map { String(cString: $0) } ?? ""
        groupName = archive_entry_gname(entry).map { String(cString: $0) } ?? ""
        device = (
            UInt32(truncatingIfNeeded: archive_entry_rdevmajor(entry)),
            UInt32(truncatingIfNeeded: archive_entry_rdevminor(entry))
        )
        guard archive_entry_xattr_reset(entry) > 0 else { return }
        var (attribute, value, count): (UnsafePointer<CChar>?, UnsafeRawPointer?, Int) = (nil, nil, 0)
        while archive_entry_xattr_next(entry, &attribute, &value, &count) == ARCHIVE_OK, let attribute {
            attributes[String(cString: attribute)] = [UInt8](UnsafeRawBufferPointer(start: value, count: count))
        }
    }
}
