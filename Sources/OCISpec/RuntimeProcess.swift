// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

extension RuntimeSpec {
    /// config.md, Process; also the file of `runu exec --process`.
    public struct Process: Sendable, Hashable, Codable {
        public var terminal: Bool?
        public var consoleSize: ConsoleSize?
        public var user: User?
        public var args: [String]?
        /// `NAME=value`.
        public var env: [String]?
        /// Absolute path in the container.
        public var cwd: String
        public var capabilities: CapabilitySets?
        public var rlimits: [Rlimit]?
        public var noNewPrivileges: Bool?
        public var apparmorProfile: String?
        public var selinuxLabel: String?
        public var oomScoreAdj: Int?
        public var scheduler: Scheduler?
        public var ioPriority: IOPriority?

        public init(
            terminal: Bool? = nil, consoleSize: ConsoleSize? = nil, user: User? = User(), args: [String]?,
            env: [String]? = nil, cwd: String = "/", capabilities: CapabilitySets? = nil, rlimits: [Rlimit]? = nil,
            noNewPrivileges: Bool? = nil, apparmorProfile: String? = nil, selinuxLabel: String? = nil,
            oomScoreAdj: Int? = nil
        ) {
            self.terminal = terminal
            self.consoleSize = consoleSize
            self.user = user
            self.args = args
            self.env = env
            self.cwd = cwd
            self.capabilities = capabilities
            self.rlimits = rlimits
            self.noNewPrivileges = noNewPrivileges
            self.apparmorProfile = apparmorProfile
            self.selinuxLabel = selinuxLabel
            self.oomScoreAdj = oomScoreAdj
        }
    }

    /// A terminal's size in characters.
    public struct ConsoleSize: Sendable, Hashable, Codable {
        public var height: UInt
        public var width: UInt

        public init(height: UInt, width: UInt) {
            self.height = height
            self.width = width
        }
    }

    /// config.md, User (POSIX-platform).
    public struct User: Sendable, Hashable, Codable {
        public var uid: UInt32
        public var gid: UInt32
        public var umask: UInt32?
        public var additionalGids: [UInt32]?

        public init(uid: UInt32 = 0, gid: UInt32 = 0, umask: UInt32? = nil, additionalGids: [UInt32]? = nil) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            uid = try container.decodeIfPresent(UInt32.self, forKey: .uid) ?? 0
            gid = try container.decodeIfPresent(UInt32.self, forKey: .gid) ?? 0
            umask = try container.decodeIfPresent(UInt32.self, forKey: .umask)
            additionalGids = try container.decodeIfPresent([UInt32].self, forKey: .additionalGids)
        }
    }

    /// Names after capabilities(7), such as `CAP_CHOWN`.
    public struct CapabilitySets: Sendable, Hashable, Codable {
        public var bounding: [String]?
        public var effective: [String]?
        public var inheritable: [String]?
        public var permitted: [String]?
        public var ambient: [String]?

        public init(
            bounding: [String]? = nil, effective: [String]? = nil, inheritable: [String]? = nil,
            permitted: [String]? = nil, ambient: [String]? = nil
        ) {
            self.bounding = bounding
            self.effective = effective
            self.inheritable = inheritable
            self.permitted = permitted
            self.ambient = ambient
        }

        /// Bounding, effective and permitted as engines set them: `names` in each.
        public init(_ names: [String]) {
            self.init(bounding: names, effective: names, permitted: names)
        }
    }

    /// One setrlimit(2), `type` such as `RLIMIT_NOFILE`.
    public struct Rlimit: Sendable, Hashable, Codable {
        public var type: String
        public var hard: UInt64
        public var soft: UInt64

        public init(type: String, hard: UInt64, soft: UInt64) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }
    }
}
