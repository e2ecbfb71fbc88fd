/// `GET /info`.
public struct SystemInfo: Codable, Sendable, Equatable, Blank {
    /// The daemon's own id.
    @Lenient public var id: String
    /// How many containers there are.
    @Lenient public var containers: Int
    /// How many of them run.
    @Lenient public var containersRunning: Int
    /// How many of them are paused.
    @Lenient public var containersPaused: Int
    /// How many of them do not run.
    @Lenient public var containersStopped: Int
    /// How many images there are.
    @Lenient public var images: Int
    /// The snapshotter.
    @Lenient public var driver: String
    /// Pairs that describe the snapshotter.
    @Lenient public var driverStatus: [[String]]
    /// The daemon's data folder.
    @Lenient public var dockerRootDir: String
    /// The drivers at hand.
    @Lenient public var plugins: Plugins
    /// Whether memory limits are kept.
    @Lenient public var memoryLimit: Bool
    /// Whether swap limits are kept.
    @Lenient public var swapLimit: Bool
    /// Whether CPU periods are kept.
    @Lenient public var cpuCfsPeriod: Bool
    /// Whether CPU quotas are kept.
    @Lenient public var cpuCfsQuota: Bool
    /// Whether CPU shares are kept.
    @Lenient public var cpuShares: Bool
    /// Whether CPU sets are kept.
    @Lenient public var cpuSet: Bool
    /// Whether limits on the number of processes are kept.
    @Lenient public var pidsLimit: Bool
    /// Whether the kill for want of memory can be turned off.
    @Lenient public var oomKillDisable: Bool
    /// Whether packets are forwarded.
    @Lenient public var ipv4Forwarding: Bool
    /// Whether the daemon logs at debug level.
    @Lenient public var debug: Bool
    /// Open descriptors of the daemon.
    @Lenient public var fileDescriptors: Int
    /// Kept for clients; threads of the daemon.
    @Lenient public var goroutines: Int
    /// The daemon's clock, RFC 3339.
    @Lenient public var systemTime: String
    /// How containers' output is kept.
    @Lenient public var loggingDriver: String
    /// `none`: no cgroups are needed.
    @Lenient public var cgroupDriver: String
    /// Kept for clients.
    @Lenient public var cgroupVersion: String
    /// Clients listening to events.
    @Lenient public var eventsListeners: Int
    /// The kernel's release.
    @Lenient public var kernelVersion: String
    /// The host's system, for people to read.
    @Lenient public var operatingSystem: String
    /// The host's system's version.
    @Lenient public var osVersion: String
    /// `linux`.
    @Lenient public var osType: String
    /// The machine, as uname(2) names it.
    @Lenient public var architecture: String
    /// Processors.
    @Lenient public var cpus: Int
    /// Memory in bytes.
    @Lenient public var memory: Int64
    /// The registry that short names mean.
    @Lenient public var indexServerAddress: String
    /// How registries are reached.
    public var registryConfig: RegistryServiceConfig?
    /// Proxy for http.
    @Lenient public var httpProxy: String
    /// Proxy for https.
    @Lenient public var httpsProxy: String
    /// Hosts reached without a proxy.
    @Lenient public var noProxy: String
    /// The host's name.
    @Lenient public var name: String
    /// The daemon's labels.
    @Lenient public var labels: [String]
    /// Whether experimental calls are on.
    @Lenient public var experimentalBuild: Bool
    /// The engine's version.
    @Lenient public var serverVersion: String
    /// Runtimes by name.
    @Lenient public var runtimes: [String: Runtime]
    /// The runtime used when none is asked for.
    @Lenient public var defaultRuntime: String
    /// Always inactive.
    @Lenient public var swarm: Swarm
    /// Whether containers outlive the daemon.
    @Lenient public var liveRestoreEnabled: Bool
    /// Empty on Linux.
    @Lenient public var isolation: String
    /// The helper for `--init`.
    @Lenient public var initBinary: String
    /// The manager's commit.
    @Lenient public var containerdCommit: Commit
    /// The runtime's commit.
    @Lenient public var runcCommit: Commit
    /// The init helper's commit.
    @Lenient public var initCommit: Commit
    /// How containers are confined.
    @Lenient public var securityOptions: [String]
    /// Warnings for people to read.
    @Lenient public var warnings: [String]
    /// How the manager is reached.
    public var containerd: Containerd?

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case containers = "Containers"
        case containersRunning = "ContainersRunning"
        case containersPaused = "ContainersPaused"
        case containersStopped = "ContainersStopped"
        case images = "Images"
        case driver = "Driver"
        case driverStatus = "DriverStatus"
        case dockerRootDir = "DockerRootDir"
        case plugins = "Plugins"
        case memoryLimit = "MemoryLimit"
        case swapLimit = "SwapLimit"
        case cpuCfsPeriod = "CpuCfsPeriod"
        case cpuCfsQuota = "CpuCfsQuota"
        case cpuShares = "CPUShares"
        case cpuSet = "CPUSet"
        case pidsLimit = "PidsLimit"
        case oomKillDisable = "OomKillDisable"
        case ipv4Forwarding = "IPv4Forwarding"
        case debug = "Debug"
        case fileDescriptors = "NFd"
        case goroutines = "NGoroutines"
        case systemTime = "SystemTime"
        case loggingDriver = "LoggingDriver"
        case cgroupDriver = "CgroupDriver"
        case cgroupVersion = "CgroupVersion"
        case eventsListeners = "NEventsListener"
        case kernelVersion = "KernelVersion"
        case operatingSystem = "OperatingSystem"
        case osVersion = "OSVersion"
        case osType = "OSType"
        case architecture = "Architecture"
        case cpus = "NCPU"
        case memory = "MemTotal"
        case indexServerAddress = "IndexServerAddress"
        case registryConfig = "RegistryConfig"
        case httpProxy = "HttpProxy"
        case httpsProxy = "HttpsProxy"
        case noProxy = "NoProxy"
        case name = "Name"
        case labels = "Labels"
        case experimentalBuild = "ExperimentalBuild"
        case serverVersion = "ServerVersion"
        case runtimes = "Runtimes"
        case defaultRuntime = "DefaultRuntime"
        case swarm = "Swarm"
        case liveRestoreEnabled = "LiveRestoreEnabled"
        case isolation = "Isolation"
        case initBinary = "InitBinary"
        case containerdCommit = "ContainerdCommit"
        case runcCommit = "RuncCommit"
        case initCommit = "InitCommit"
        case securityOptions = "SecurityOptions"
        case warnings = "Warnings"
        case containerd = "Containerd"
    }

    /// Drivers by kind.
    public struct Plugins: Codable, Sendable, Equatable, Blank {
        /// Volume drivers.
        @Lenient public var volume: [String]
        /// Network drivers.
        @Lenient public var network: [String]
        /// Authorization plugins.
        @Lenient public var authorization: [String]
        /// Log drivers.
        @Lenient public var log: [String]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(volume: [String] = [], network: [String] = [], authorization: [String] = [], log: [String] = []) {
            self.volume = volume
            self.network = network
            self.authorization = authorization
            self.log = log
        }

        enum CodingKeys: String, CodingKey {
            case volume = "Volume"
            case network = "Network"
            case authorization = "Authorization"
            case log = "Log"
        }
    }

    /// How registries are reached.
    public struct RegistryServiceConfig: Codable, Sendable, Equatable, Blank {
        /// Address ranges spoken to without TLS.
        @Lenient public var insecureRegistryCIDRs: [String]
        /// Registries by name.
        @Lenient public var indexConfigs: [String: Index]
        /// Mirrors of the default registry.
        @Lenient public var mirrors: [String]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(insecureRegistryCIDRs: [String] = [], indexConfigs: [String: Index] = [:], mirrors: [String] = []) {
            self.insecureRegistryCIDRs = insecureRegistryCIDRs
            self.indexConfigs = indexConfigs
            self.mirrors = mirrors
        }

        enum CodingKeys: String, CodingKey {
            case insecureRegistryCIDRs = "InsecureRegistryCIDRs"
            case indexConfigs = "IndexConfigs"
            case mirrors = "Mirrors"
        }
    }

    /// One registry.
    public struct Index: Codable, Sendable, Equatable, Blank {
        /// Its host.
        @Lenient public var name: String
        /// Its mirrors.
        @Lenient public var mirrors: [String]
        /// Whether TLS is needed.
        @Lenient public var secure: Bool
        /// Whether it is the default one.
        @Lenient public var official: Bool

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(name: String = "", mirrors: [String] = [], secure: Bool = false, official: Bool = false) {
            self.name = name
            self.mirrors = mirrors
            self.secure = secure
            self.official = official
        }

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case mirrors = "Mirrors"
            case secure = "Secure"
            case official = "Official"
        }
    }

    /// One runtime.
    public struct Runtime: Codable, Sendable, Equatable, Blank {
        /// The program.
        @Lenient public var path: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(path: String = "") {
            self.path = path
        }

        enum CodingKeys: String, CodingKey {
            case path
        }
    }

    /// The state of a swarm.
    public struct Swarm: Codable, Sendable, Equatable, Blank {
        /// Empty.
        @Lenient public var nodeID: String
        /// Empty.
        @Lenient public var nodeAddr: String
        /// `inactive`.
        @Lenient public var localNodeState: String
        /// False.
        @Lenient public var controlAvailable: Bool
        /// Empty.
        @Lenient public var error: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            nodeID: String = "", nodeAddr: String = "", localNodeState: String = "", controlAvailable: Bool = false,
            error: String = ""
        ) {
            self.nodeID = nodeID
            self.nodeAddr = nodeAddr
            self.localNodeState = localNodeState
            self.controlAvailable = controlAvailable
            self.error = error
        }

        enum CodingKeys: String, CodingKey {
            case nodeID = "NodeID"
            case nodeAddr = "NodeAddr"
            case localNodeState = "LocalNodeState"
            case controlAvailable = "ControlAvailable"
            case error = "Error"
        }
    }

    /// A commit of a part.
    public struct Commit: Codable, Sendable, Equatable, Blank {
        /// Its id.
        @Lenient public var id: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(id: String = "") {
            self.id = id
        }

        enum CodingKeys: String, CodingKey {
            case id = "ID"
        }
    }

    /// How the manager is reached.
    public struct Containerd: Codable, Sendable, Equatable, Blank {
        /// Its socket.
        @Lenient public var address: String
        /// The namespaces used there.
        @Lenient public var namespaces: Namespaces

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(address: String = "", namespaces: Namespaces = Namespaces()) {
            self.address = address
            self.namespaces = namespaces
        }

        enum CodingKeys: String, CodingKey {
            case address = "Address"
            case namespaces = "Namespaces"
        }
    }

    /// Namespaces of the manager.
    public struct Namespaces: Codable, Sendable, Equatable, Blank {
        /// For containers.
        @Lenient public var containers: String
        /// For plugins.
        @Lenient public var plugins: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(containers: String = "", plugins: String = "") {
            self.containers = containers
            self.plugins = plugins
        }

        enum CodingKeys: String, CodingKey {
            case containers = "Containers"
            case plugins = "Plugins"
        }
    }
}
