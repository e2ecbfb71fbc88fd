import CArchive
import SystemPackage

/// Why an archive could not be read or written.
public enum ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bytes are not a valid archive, or libarchive refused them; its own words.
    case malformed(String)
    /// An entry names something outside the folder it is unpacked into, or reaches it through a link.
    case escapes(String)
    /// An entry that cannot be kept here: what, and why.
    case unsupported(String)
    /// More entries, bytes or path components than the limits allow.
    case tooLarge(String)
    /// The reading or writing end went away before the end.
    case cancelled

    /// What went wrong, in a sentence.
    public var description: String {
        switch self {
        case .malformed(let text): "archive: \(text)"
        case .escapes(let text): "archive entry leads out of its folder: \(text)"
        case .unsupported(let text): "archive entry not supported: \(text)"
        case .tooLarge(let text): "archive exceeds a limit: \(text)"
        case .cancelled: "archive: the stream was closed before its end"
        }
    }

    /// libarchive's words for its last error.
    static func last(_ archive: OpaquePointer?) -> ArchiveError {
        .malformed(archive_error_string(archive).map { String(cString: $0) } ?? "unknown error")
    }
}
