/// What is portable of a container's or an image's configuration (definition `ContainerConfig`).
public struct ContainerConfig: Codable, Sendable, Equatable, Blank {
    /// The name inside; by default the first 12 digits of the id.
    @Lenient public var hostname: String
    /// The domain inside.
    @Lenient public var domainname: String
    /// `user`, `uid`, `user:group` or `uid:gid`.
    @Lenient public var user: String
    /// Whether the creating client means to attach to standard input.
    @Lenient public var attachStdin: Bool
    /// Whether it means to attach to standard output.
    @Lenient public var attachStdout: Bool
    /// Whether it means to attach to standard error.
    @Lenient public var attachStderr: Bool
    /// `80/tcp` keys.
    public var exposedPorts: [String: EmptyObject]?
    /// Whether a terminal is made.
    @Lenient public var tty: Bool
    /// Whether standard input stays open.
    @Lenient public var openStdin: Bool
    /// Whether standard input is closed after the first client that attached leaves.
    @Lenient public var stdinOnce: Bool
    /// `NAME=value`, or `NAME` to remove it.
    public var env: [String]?
    /// The command or the entry point's arguments.
    @Words public var cmd: [String]?
    /// How health is found out.
    public var healthcheck: HealthConfig?
    /// Windows only.
    public var argsEscaped: Bool?
    /// The image as the client named it.
    @Lenient public var image: String
    /// Paths that get an anonymous volume.
    public var volumes: [String: EmptyObject]?
    /// Where the command starts.
    @Lenient public var workingDir: String
    /// What is run before the command.
    @Words public var entrypoint: [String]?
    /// Whether there is no network at all.
    public var networkDisabled: Bool?
    /// Before API 1.44.
    public var macAddress: String?
    /// Triggers of a build.
    public var onBuild: [String]?
    /// Labels.
    public var labels: [String: String]?
    /// The signal that `stop` sends; SIGTERM by default.
    public var stopSignal: String?
    /// Seconds between that signal and SIGKILL; 10 by default.
    public var stopTimeout: Int?
    /// The shell of a build's shell form.
    @Words public var shell: [String]?

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case hostname = "Hostname"
        case domainname = "Domainname"
        case user = "User"
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case exposedPorts = "ExposedPorts"
        case tty = "Tty"
        case openStdin = "OpenStdin"
        case stdinOnce = "StdinOnce"
        case env = "Env"
        case cmd = "Cmd"
        case healthcheck = "Healthcheck"
        case argsEscaped = "ArgsEscaped"
        case image = "Image"
        case volumes = "Volumes"
        case workingDir = "WorkingDir"
        case entrypoint = "Entrypoint"
        case networkDisabled = "NetworkDisabled"
        case macAddress = "MacAddress"
        case onBuild = "OnBuild"
        case labels = "Labels"
        case stopSignal = "StopSignal"
        case stopTimeout = "StopTimeout"
        case shell = "Shell"
    }
}

/// How health is found out.
public struct HealthConfig: Codable, Sendable, Equatable, Blank {
    /// `NONE`, or `CMD`/`CMD-SHELL` and the command.
    @Lenient public var test: [String]
    /// Nanoseconds between two checks.
    @Lenient public var interval: Int64
    /// Nanoseconds after which a check has failed.
    @Lenient public var timeout: Int64
    /// Failures in a row that mean unhealthy.
    @Lenient public var retries: Int
    /// Nanoseconds in which failures do not count.
    @Lenient public var startPeriod: Int64
    /// Nanoseconds between two checks in that period.
    @Lenient public var startInterval: Int64

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        test: [String] = [], interval: Int64 = 0, timeout: Int64 = 0, retries: Int = 0, startPeriod: Int64 = 0,
        startInterval: Int64 = 0
    ) {
        self.test = test
        self.interval = interval
        self.timeout = timeout
        self.retries = retries
        self.startPeriod = startPeriod
        self.startInterval = startInterval
    }

    enum CodingKeys: String, CodingKey {
        case test = "Test"
        case interval = "Interval"
        case timeout = "Timeout"
        case retries = "Retries"
        case startPeriod = "StartPeriod"
        case startInterval = "StartInterval"
    }
}
