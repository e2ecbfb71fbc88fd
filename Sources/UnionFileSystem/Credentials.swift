/// Who asks for a file: the ids and capabilities that path_resolution(7) checks against.
package struct Credentials: Sendable, Equatable {
    package var uid: UInt32
    package var gid: UInt32
    /// Supplementary groups.
    package var groups: [UInt32]
    /// Effective capabilities, as a bit mask of `linux/capability.h`'s numbers.
    package var capabilities: UInt64

    package init(uid: UInt32 = 0, gid: UInt32 = 0, groups: [UInt32] = [], capabilities: UInt64 = ~0) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.capabilities = capabilities
    }

    /// The kernel itself: no check applies.
    package static let kernel = Credentials()

    package func isMember(of group: UInt32) -> Bool { group == gid || groups.contains(group) }

    private func has(_ capability: UInt64) -> Bool { capabilities & (1 << capability) != 0 }

    package var mayChangeOwner: Bool { has(0) }
    package var overridesAccess: Bool { has(1) }
    package var overridesSearch: Bool { has(1) || has(2) }
    /// CAP_FOWNER: may do what only a file's owner may.
    package var actsAsOwner: Bool { has(3) }
    package var keepsSetID: Bool { has(4) }
    package var mayChangeRoot: Bool { has(18) }
    package var mayAdminister: Bool { has(21) }
    package var mayMakeDevice: Bool { has(27) }
    package var maySetFileCapabilities: Bool { has(31) }
}

/// What is wanted of a file (access(2)).
package struct Access: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let execute = Access(rawValue: 1)
    package static let write = Access(rawValue: 2)
    package static let read = Access(rawValue: 4)
}
