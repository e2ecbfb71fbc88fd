/// Who a process is inside its container: ids, groups and capabilities (credentials(7), capabilities(7)). On the host
/// every process of a container is the one user who started it.
package struct Identity: Sendable, Equatable {
    package var uid: UInt32 = 0
    package var effectiveUID: UInt32 = 0
    package var savedUID: UInt32 = 0
    package var fileUID: UInt32 = 0
    package var gid: UInt32 = 0
    package var effectiveGID: UInt32 = 0
    package var savedGID: UInt32 = 0
    package var fileGID: UInt32 = 0
    package var groups: [UInt32] = []
    package var effective: UInt64 = 0
    package var permitted: UInt64 = 0
    package var inheritable: UInt64 = 0
    package var bounding: UInt64 = 0
    package var ambient: UInt64 = 0
    package var secureBits: UInt32 = 0
    package var noNewPrivileges = false

    /// SECBIT_KEEP_CAPS, which PR_SET_KEEPCAPS is another name for; its lock is the next bit.
    package static let keepsCapabilities: UInt32 = 16

    package init() {}

    /// Whether the effective set holds a capability, numbered after capabilities(7) (`linux/capability.h`).
    @inline(__always)
    package func has(_ capability: Capability) -> Bool { effective & (1 << capability.rawValue) != 0 }
}

/// Capabilities that this kernel asks for, numbered as in `linux/capability.h`.
package enum Capability: UInt64, Sendable {
    case chown = 0
    case overrideAccess = 1
    case overrideSearch = 2
    case owner = 3
    case keepSetID = 4
    case kill = 5
    case setGID = 6
    case setUID = 7
    case setCapabilities = 8
    case immutable = 9
    case bindService = 10
    case networkAdministration = 12
    case networkRaw = 13
    case ownerOfIPC = 15
    case changeRoot = 18
    case trace = 19
    case administration = 21
    case reboot = 22
    case nice = 23
    case resource = 24
    case time = 25
    case makeDevice = 27
    case setFileCapabilities = 31
}
