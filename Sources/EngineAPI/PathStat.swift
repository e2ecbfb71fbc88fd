/// The header `X-Docker-Container-Path-Stat` (base64 of JSON) of the archive calls.
public struct PathStat: Codable, Sendable, Equatable, Blank {
    /// The file's name.
    @Lenient public var name: String
    /// Its size, bytes.
    @Lenient public var size: Int64
    /// Go's `os.FileMode`: type bits at the top, permissions at the bottom.
    @Lenient public var mode: UInt32
    /// RFC 3339 time of the last change.
    @Lenient public var mtime: String
    /// Where a symbolic link leads.
    @Lenient public var linkTarget: String

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        name: String = "", size: Int64 = 0, mode: UInt32 = UInt32(), mtime: String = "", linkTarget: String = ""
    ) {
        self.name = name
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.linkTarget = linkTarget
    }

    enum CodingKeys: String, CodingKey {
        case name
        case size
        case mode
        case mtime
        case linkTarget
    }
}
