import SystemPackage

/// One member of a tar archive. Names are bytes, as tar keeps them: nothing is normalised.
public struct ArchiveEntry: Sendable, Equatable {
    /// What an entry is.
    public enum Kind: Sendable, Equatable {
        case file
        case folder
        case symbolicLink
        /// A further name for an earlier entry, which `link` names.
        case hardLink
        case characterDevice
        case blockDevice
        case fifo
        /// A socket, or a type that tar does not define.
        case other
    }

    /// A point in time: seconds since 1970 and nanoseconds within the second.
    public struct Time: Sendable, Equatable, Comparable {
        /// Seconds since 1970-01-01 UTC.
        public var seconds: Int64
        /// 0 to 999 999 999.
        public var nanoseconds: Int

        /// A time from its parts.
        public init(seconds: Int64, nanoseconds: Int = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }

        /// Whether `left` is earlier.
        public static func < (left: Time, right: Time) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    /// The name within the archive.
    public var path: FilePath
    /// What the entry is.
    public var kind: Kind
    /// Permission bits with set-id and sticky bits, no file type.
    public var mode: UInt32
    /// The owner's number.
    public var userID: UInt32
    /// The group's number.
    public var groupID: UInt32
    /// The owner's name; empty when the archive has none.
    public var userName = ""
    /// The group's name; empty when the archive has none.
    public var groupName = ""
    /// Bytes of content that follow; 0 for all but files.
    public var size: Int64
    /// When the content was changed last.
    public var modified: Time
    /// The target of a symbolic or hard link.
    public var link: FilePath?
    /// Extended attributes by full name, such as `user.note` or `security.capability`.
    public var attributes: [String: [UInt8]] = [:]
    /// Major and minor number of a device.
    public var device: (major: UInt32, minor: UInt32) {
        get { (deviceMajor, deviceMinor) }
        set { (deviceMajor, deviceMinor) = newValue }
    }

    private var deviceMajor: UInt32 = 0
    private var deviceMinor: UInt32 = 0

    /// An entry without extended attributes and names of owners.
    public init(
        path: FilePath, kind: Kind, mode: UInt32, userID: UInt32 = 0, groupID: UInt32 = 0, size: Int64 = 0,
        modified: Time = Time(seconds: 0), link: FilePath? = nil
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.size = size
        self.modified = modified
        self.link = link
    }
}
