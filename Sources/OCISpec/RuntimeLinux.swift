// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

extension RuntimeSpec {
    /// config-linux.md. What no kernel of ours reads is kept as it came.
    public struct Linux: Sendable, Hashable, Codable {
        public var uidMappings: [IDMapping]?
        public var gidMappings: [IDMapping]?
        public var sysctl: [String: String]?
        public var resources: Resources?
        public var cgroupsPath: String?
        public var namespaces: [Namespace]?
        public var devices: [Device]?
        public var seccomp: Seccomp?
        public var rootfsPropagation: String?
        public var maskedPaths: [String]?
        public var readonlyPaths: [String]?
        public var mountLabel: String?
        public var intelRdt: JSONValue?
        public var personality: Personality?
        public var timeOffsets: JSONValue?

        public init(
            uidMappings: [IDMapping]? = nil, gidMappings: [IDMapping]? = nil, sysctl: [String: String]? = nil,
            resources: Resources? = nil, cgroupsPath: String? = nil, namespaces: [Namespace]? = nil,
            devices: [Device]? = nil, seccomp: Seccomp? = nil, rootfsPropagation: String? = nil,
            maskedPaths: [String]? = nil, readonlyPaths: [String]? = nil, mountLabel: String? = nil
        ) {
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
            self.sysctl = sysctl
            self.resources = resources
            self.cgroupsPath = cgroupsPath
            self.namespaces = namespaces
            self.devices = devices
            self.seccomp = seccomp
            self.rootfsPropagation = rootfsPropagation
            self.maskedPaths = maskedPaths
            self.readonlyPaths = readonlyPaths
            self.mountLabel = mountLabel
        }
    }

    /// config-linux.md, Namespaces: `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup`, `time`.
    public struct Namespace: Sendable, Hashable, Codable {
        public var type: String
        public var path: String?

        public init(type: String, path: String? = nil) {
            self.type = type
            self.path = path
        }
    }

    /// config-linux.md, Devices.
    public struct Device: Sendable, Hashable, Codable {
        /// `c`, `b`, `u` or `p`.
        public var type: String
        public var path: String
        public var major: Int64?
        public var minor: Int64?
        public var fileMode: UInt32?
        public var uid: UInt32?
        public var gid: UInt32?

        public init(
            type: String, path: String, major: Int64? = nil, minor: Int64? = nil, fileMode: UInt32? = nil,
            uid: UInt32? = nil, gid: UInt32? = nil
        ) {
            self.type = type
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
            self.uid = uid
            self.gid = gid
        }
    }
}
