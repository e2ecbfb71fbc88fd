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
        public var seconds: Int64
        public var nanoseconds: Int

        public init(seconds: Int64, nanoseconds: Int = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }

        public static func < (left: Time, right: Time) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    public var path: FilePath
    public var kind: Kind
    /// Permission bits with set-id and sticky bits, no file type.
    public var mode: UInt32
    public var userID: UInt32
    public var groupID: UInt32
    /// The owner's names; empty when the archive has none.
    public var userName = ""
    public var groupName = ""
    /// Bytes of content that follow; 0 for all but files.
    public var size: Int64
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
