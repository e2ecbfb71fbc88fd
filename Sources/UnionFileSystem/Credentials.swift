/// Who asks for a file: the ids and capabilities that path_resolution(7) checks against.
public struct Credentials: Sendable, Equatable {
    public var uid: UInt32
    public var gid: UInt32
    /// Supplementary groups.
    public var groups: [UInt32]
    /// Effective capabilities, as a bit mask of `linux/capability.h`'s numbers.
    public var capabilities: UInt64

    public init(uid: UInt32 = 0, gid: UInt32 = 0, groups: [UInt32] = [], capabilities: UInt64 = ~0) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.capabilities = capabilities
    }

    /// The kernel itself: no check applies.
    public static let kernel = Credentials()

    public func isMember(of group: UInt32) -> Bool { group == gid || groups.contains(group) }

    private func has(_ capability: UInt64) -> Bool { capabilities & (1 << capability) != 0 }

    public var mayChangeOwner: Bool { has(0) }
    public var overridesAccess: Bool { has(1) }
    public var overridesSearch: Bool { has(1) || has(2) }
    /// CAP_FOWNER: may do what only a file's owner may.
    public var actsAsOwner: Bool { has(3) }
    public var keepsSetID: Bool { has(4) }
    public var mayChangeRoot: Bool { has(18) }
    public var mayAdminister: Bool { has(21) }
    public var mayMakeDevice: Bool { has(27) }
    public var maySetFileCapabilities: Bool { has(31) }
}

/// What is wanted of a file (access(2)).
public struct Access: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let execute = Access(rawValue: 1)
    public static let write = Access(rawValue: 2)
    public static let read = Access(rawValue: 4)
}
