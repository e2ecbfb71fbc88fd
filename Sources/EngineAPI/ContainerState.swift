/// How a container fares.
public struct ContainerState: Codable, Sendable, Equatable, Blank {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`.
    @Lenient public var status: String
    /// Whether the first process lives; true as well when paused.
    @Lenient public var running: Bool
    /// Whether it is paused.
    @Lenient public var paused: Bool
    /// Whether it is about to be started again.
    @Lenient public var restarting: Bool
    /// Whether it was killed for want of memory.
    @Lenient public var oomKilled: Bool
    /// Whether its removal failed half-way.
    @Lenient public var dead: Bool
    /// The host's pid of the first process; 0 when it does not run.
    @Lenient public var pid: Int
    /// The exit code of the last run.
    @Lenient public var exitCode: Int
    /// Why it could not be started.
    @Lenient public var error: String
    /// RFC 3339 time of the last start.
    @Lenient public var startedAt: String
    /// RFC 3339 time of the last end.
    @Lenient public var finishedAt: String
    /// Health, when a check is configured.
    public var health: Health?

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case running = "Running"
        case paused = "Paused"
        case restarting = "Restarting"
        case oomKilled = "OOMKilled"
        case dead = "Dead"
        case pid = "Pid"
        case exitCode = "ExitCode"
        case error = "Error"
        case startedAt = "StartedAt"
        case finishedAt = "FinishedAt"
        case health = "Health"
    }

    /// What the health checks found.
    public struct Health: Codable, Sendable, Equatable, Blank {
        /// `none`, `starting`, `healthy`, `unhealthy`.
        @Lenient public var status: String
        /// Failures in a row.
        @Lenient public var failingStreak: Int
        /// The last checks.
        @Lenient public var log: [HealthResult]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(status: String = "", failingStreak: Int = 0, log: [HealthResult] = []) {
            self.status = status
            self.failingStreak = failingStreak
            self.log = log
        }

        enum CodingKeys: String, CodingKey {
            case status = "Status"
            case failingStreak = "FailingStreak"
            case log = "Log"
        }
    }

    /// One health check.
    public struct HealthResult: Codable, Sendable, Equatable, Blank {
        /// RFC 3339 time of its start.
        @Lenient public var start: String
        /// RFC 3339 time of its end.
        @Lenient public var end: String
        /// Its exit code.
        @Lenient public var exitCode: Int
        /// Its output.
        @Lenient public var output: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(start: String = "", end: String = "", exitCode: Int = 0, output: String = "") {
            self.start = start
            self.end = end
            self.exitCode = exitCode
            self.output = output
        }

        enum CodingKeys: String, CodingKey {
            case start = "Start"
            case end = "End"
            case exitCode = "ExitCode"
            case output = "Output"
        }
    }
}
