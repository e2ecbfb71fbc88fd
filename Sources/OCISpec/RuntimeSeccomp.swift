// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

extension RuntimeSpec {
    /// config-linux.md, Seccomp.
    public struct Seccomp: Sendable, Hashable, Codable {
        public var defaultAction: String
        public var defaultErrnoRet: UInt32?
        public var architectures: [String]?
        public var flags: [String]?
        public var listenerPath: String?
        public var listenerMetadata: String?
        public var syscalls: [Syscall]?

        public init(
            defaultAction: String, defaultErrnoRet: UInt32? = nil, architectures: [String]? = nil,
            flags: [String]? = nil, listenerPath: String? = nil, listenerMetadata: String? = nil,
            syscalls: [Syscall]? = nil
        ) {
            self.defaultAction = defaultAction
            self.defaultErrnoRet = defaultErrnoRet
            self.architectures = architectures
            self.flags = flags
            self.listenerPath = listenerPath
            self.listenerMetadata = listenerMetadata
            self.syscalls = syscalls
        }

        /// An action for calls of these names whose arguments pass the tests.
        public struct Syscall: Sendable, Hashable, Codable {
            public var names: [String]
            public var action: String
            public var errnoRet: UInt32?
            public var args: [Argument]?

            public init(names: [String], action: String, errnoRet: UInt32? = nil, args: [Argument]? = nil) {
                self.names = names
                self.action = action
                self.errnoRet = errnoRet
                self.args = args
            }
        }

        /// A test of one argument.
        public struct Argument: Sendable, Hashable, Codable {
            public var index: UInt32
            public var value: UInt64
            public var valueTwo: UInt64?
            public var op: String

            public init(index: UInt32, value: UInt64, valueTwo: UInt64? = nil, op: String) {
                self.index = index
                self.value = value
                self.valueTwo = valueTwo
                self.op = op
            }
        }
    }

    /// config-linux.md, Personality.
    public struct Personality: Sendable, Hashable, Codable {
        /// `LINUX` or `LINUX32`.
        public var domain: String
        public var flags: [String]?

        public init(domain: String, flags: [String]? = nil) {
            self.domain = domain
            self.flags = flags
        }
    }

    /// config.md, Linux Process, `scheduler`.
    public struct Scheduler: Sendable, Hashable, Codable {
        /// `SCHED_OTHER` and the like.
        public var policy: String
        public var nice: Int32?
        public var priority: Int32?
        /// `SCHED_FLAG_...`.
        public var flags: [String]?
        public var runtime: UInt64?
        public var deadline: UInt64?
        public var period: UInt64?

        public init(
            policy: String, nice: Int32? = nil, priority: Int32? = nil, flags: [String]? = nil, runtime: UInt64? = nil,
            deadline: UInt64? = nil, period: UInt64? = nil
        ) {
            self.policy = policy
            self.nice = nice
            self.priority = priority
            self.flags = flags
            self.runtime = runtime
            self.deadline = deadline
            self.period = period
        }
    }

    /// config.md, Linux Process, `ioPriority`.
    public struct IOPriority: Sendable, Hashable, Codable {
        /// `IOPRIO_CLASS_RT`, `IOPRIO_CLASS_BE` or `IOPRIO_CLASS_IDLE`.
        public var `class`: String
        public var priority: Int32?

        public init(class: String, priority: Int32? = nil) {
            self.class = `class`
            self.priority = priority
        }
    }
}
