/// `GET /exec/{id}/json`.
public struct ExecInspect: Codable, Sendable, Equatable, Blank {
    /// The exec's id.
    @Lenient public var id: String
    /// Whether it runs.
    @Lenient public var running: Bool
    /// Its exit code, once it has ended.
    public var exitCode: Int?
    /// What it runs.
    @Lenient public var processConfig: ExecProcess
    /// Whether standard input is attached.
    @Lenient public var openStdin: Bool
    /// Whether standard error is attached.
    @Lenient public var openStderr: Bool
    /// Whether standard output is attached.
    @Lenient public var openStdout: Bool
    /// Whether it has ended.
    @Lenient public var canRemove: Bool
    /// The container.
    @Lenient public var containerID: String
    /// The keys that detach.
    @Lenient public var detachKeys: String
    /// The host's pid.
    @Lenient public var pid: Int

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case running = "Running"
        case exitCode = "ExitCode"
        case processConfig = "ProcessConfig"
        case openStdin = "OpenStdin"
        case openStderr = "OpenStderr"
        case openStdout = "OpenStdout"
        case canRemove = "CanRemove"
        case containerID = "ContainerID"
        case detachKeys = "DetachKeys"
        case pid = "Pid"
    }

    /// What an exec runs.
    public struct ExecProcess: Codable, Sendable, Equatable, Blank {
        /// Whether there is a terminal.
        @Lenient public var tty: Bool
        /// The program.
        @Lenient public var entrypoint: String
        /// Its arguments.
        @Lenient public var arguments: [String]
        /// Whether all capabilities are given.
        public var privileged: Bool?
        /// Its user.
        public var user: String?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            tty: Bool = false, entrypoint: String = "", arguments: [String] = [], privileged: Bool? = nil,
            user: String? = nil
        ) {
            self.tty = tty
            self.entrypoint = entrypoint
            self.arguments = arguments
            self.privileged = privileged
            self.user = user
        }

        enum CodingKeys: String, CodingKey {
            case tty
            case entrypoint
            case arguments
            case privileged
            case user
        }
    }
}
