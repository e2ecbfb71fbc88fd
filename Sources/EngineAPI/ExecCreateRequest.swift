/// `POST /containers/{id}/exec`.
public struct ExecCreateRequest: Codable, Sendable, Equatable, Blank {
    /// `user[:group]`; empty for the container's own.
    @Lenient public var user: String
    /// Whether all capabilities are given.
    @Lenient public var privileged: Bool
    /// Whether a terminal is made.
    @Lenient public var tty: Bool
    /// Height and width of the terminal.
    public var consoleSize: [Int]?
    /// Whether standard input is attached.
    @Lenient public var attachStdin: Bool
    /// Whether standard error is attached.
    @Lenient public var attachStderr: Bool
    /// Whether standard output is attached.
    @Lenient public var attachStdout: Bool
    /// The keys that detach.
    @Lenient public var detachKeys: String
    /// Variables on top of the container's.
    public var env: [String]?
    /// Where the command starts.
    @Lenient public var workingDir: String
    /// The command.
    @Words public var cmd: [String]?

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case user = "User"
        case privileged = "Privileged"
        case tty = "Tty"
        case consoleSize = "ConsoleSize"
        case attachStdin = "AttachStdin"
        case attachStderr = "AttachStderr"
        case attachStdout = "AttachStdout"
        case detachKeys = "DetachKeys"
        case env = "Env"
        case workingDir = "WorkingDir"
        case cmd = "Cmd"
    }
}

/// `POST /exec/{id}/start`.
public struct ExecStartRequest: Codable, Sendable, Equatable, Blank {
    /// Whether to return at once.
    @Lenient public var detach: Bool
    /// Whether a terminal was asked for.
    @Lenient public var tty: Bool
    /// Height and width of the terminal.
    public var consoleSize: [Int]?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(detach: Bool = false, tty: Bool = false, consoleSize: [Int]? = nil) {
        self.detach = detach
        self.tty = tty
        self.consoleSize = consoleSize
    }

    enum CodingKeys: String, CodingKey {
        case detach = "Detach"
        case tty = "Tty"
        case consoleSize = "ConsoleSize"
    }
}
