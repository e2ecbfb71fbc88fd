// Unsafe pointers: extended attributes.
import Glibc
import SystemPackage

/// Owner, mode and type of a file as the container sees it, where the host's own cannot say so: the attribute
/// `user.ukontainer.stat` (docs/architecture.md, "Layers on disk").
public struct LayerStat: Sendable, Equatable {
    /// The attribute's name.
    public static let attribute = "user.ukontainer.stat"
    /// What an attribute that an ordinary user may not set is called on disk: this, then its own name.
    public static let hiddenPrefix = "user.ukontainer.xattr."

    /// The owner's number inside the container.
    public var userID: UInt32
    /// The group's number inside the container.
    public var groupID: UInt32
    /// Permission bits with set-id and sticky bits.
    public var mode: UInt32
    /// What the file is.
    public var kind: ArchiveEntry.Kind
    /// Major and minor number of a device, else 0.
    public var deviceMajor: UInt32 = 0
    /// See `deviceMajor`.
    public var deviceMinor: UInt32 = 0

    /// A stat without device numbers.
    public init(userID: UInt32, groupID: UInt32, mode: UInt32, kind: ArchiveEntry.Kind) {
        self.userID = userID
        self.groupID = groupID
        self.mode = mode
        self.kind = kind
    }

    /// What `entry` says of itself.
    init(_ entry: ArchiveEntry) {
        self.init(userID: entry.userID, groupID: entry.groupID, mode: entry.mode & 0o7777, kind: entry.kind)
        (deviceMajor, deviceMinor) = entry.device
    }

    /// The stat of a file without the attribute, by what the host says of it.
    init(host status: stat) {
        // Everything of the user under whom the chain runs is the container's root's.
        self.init(
            userID: status.st_uid == geteuid() ? 0 : status.st_uid,
            groupID: status.st_gid == getegid() ? 0 : status.st_gid, mode: status.st_mode & 0o7777,
            kind: ArchiveEntry.Kind(fileType: status.st_mode))
        if kind == .characterDevice || kind == .blockDevice {
            let device = UInt64(status.st_rdev)
            deviceMajor = UInt32((device >> 8 & 0xfff) | (device >> 32 & ~0xfff))
            deviceMinor = UInt32((device & 0xff) | (device >> 12 & 0xffff_ff00))
        }
    }

    /// Reads the attribute's text; nil when it is not of the documented form.
    public init?(text: String) {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count >= 4, let user = UInt32(fields[0]), let group = UInt32(fields[1]),
            let mode = UInt32(fields[2], radix: 8), let kind = Self.letters.first(where: { $0.1 == fields[3] })?.0
        else { return nil }
        self.init(userID: user, groupID: group, mode: mode & 0o7777, kind: kind)
        if kind == .characterDevice || kind == .blockDevice {
            guard fields.count >= 6, let major = UInt32(fields[4]), let minor = UInt32(fields[5]) else { return nil }
            (deviceMajor, deviceMinor) = (major, minor)
        }
    }

    /// The attribute's text.
    public var text: String {
        let letter = Self.letters.first { $0.0 == kind }?.1 ?? "f"
        let device = kind == .characterDevice || kind == .blockDevice ? ":\(deviceMajor):\(deviceMinor)" : ""
        return "\(userID):\(groupID):\(String(mode, radix: 8)):\(letter)\(device)"
    }

    /// Permission bits that the file gets on the host: what its owner needs to work with it, never set-id bits.
    var hostMode: UInt32 { mode & 0o777 | (kind == .folder ? 0o700 : 0o600) }

    private static let letters: [(ArchiveEntry.Kind, Substring)] = [
        (.file, "f"), (.folder, "d"), (.symbolicLink, "l"), (.characterDevice, "c"), (.blockDevice, "b"), (.fifo, "p"),
        (.other, "s"),
    ]
}
