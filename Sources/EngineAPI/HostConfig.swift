/// What a container needs of its host (definitions `HostConfig` and `Resources`).
public struct HostConfig: Codable, Sendable, Equatable, Blank {
    /// `source:target[:options]`.
    public var binds: [String]?
    /// A file that the client writes the id to.
    @Lenient public var containerIDFile: String
    /// How output is kept.
    @Lenient public var logConfig: LogConfig
    /// `bridge`, `host`, `none`, `container:ID` or a network's name.
    @Lenient public var networkMode: String
    /// Published ports by `80/tcp`.
    @Lenient public var portBindings: [String: [PortBinding]?]
    /// When the container is started again.
    @Lenient public var restartPolicy: RestartPolicy
    /// Whether the container is removed when it ends.
    @Lenient public var autoRemove: Bool
    /// The driver of volumes named in `binds`.
    @Lenient public var volumeDriver: String
    /// Containers whose volumes are mounted as well.
    public var volumesFrom: [String]?
    /// Mounts in their long form.
    public var mounts: [Mount]?
    /// Height and width of the terminal at the start.
    public var consoleSize: [Int]?
    /// Annotations of the OCI bundle.
    public var annotations: [String: String]?
    /// Capabilities to add.
    public var capAdd: [String]?
    /// Capabilities to drop.
    public var capDrop: [String]?
    /// `private` or `host`.
    @Lenient public var cgroupnsMode: String
    /// Name servers.
    public var dns: [String]?
    /// Options of resolv.conf.
    public var dnsOptions: [String]?
    /// Search domains.
    public var dnsSearch: [String]?
    /// `name:address` lines for /etc/hosts.
    public var extraHosts: [String]?
    /// Supplementary groups.
    public var groupAdd: [String]?
    /// `private`, `shareable`, `host`, `none`, `container:ID`.
    @Lenient public var ipcMode: String
    /// Kept for clients.
    @Lenient public var cgroup: String
    /// Links to other containers, long deprecated.
    public var links: [String]?
    /// How willingly the container is killed for want of memory.
    @Lenient public var oomScoreAdj: Int
    /// Empty, `host` or `container:ID`.
    @Lenient public var pidMode: String
    /// Whether all capabilities are given.
    @Lenient public var privileged: Bool
    /// Whether all exposed ports are published.
    @Lenient public var publishAllPorts: Bool
    /// Whether the root is read-only.
    @Lenient public var readonlyRootfs: Bool
    /// `seccomp=...`, `no-new-privileges`, ...
    public var securityOpt: [String]?
    /// Options of the storage driver.
    public var storageOpt: [String: String]?
    /// Options by mount point.
    public var tmpfs: [String: String]?
    /// Empty or `host`.
    @Lenient public var utsMode: String
    /// Empty or `host`.
    @Lenient public var usernsMode: String
    /// Bytes of /dev/shm.
    @Lenient public var shmSize: Int64
    /// Kernel parameters.
    public var sysctls: [String: String]?
    /// The runtime's name.
    public var runtime: String?
    /// Windows only.
    @Lenient public var isolation: String
    /// Paths that are hidden; nil means the usual ones.
    public var maskedPaths: [String]?
    /// Paths that are read-only; nil means the usual ones.
    public var readonlyPaths: [String]?
    /// The weight among containers.
    @Lenient public var cpuShares: Int64
    /// The limit in bytes; 0 for none.
    @Lenient public var memory: Int64
    /// Kept for clients.
    @Lenient public var cgroupParent: String
    /// Kept for clients.
    @Lenient public var blkioWeight: Int
    /// Microseconds of a CPU period.
    @Lenient public var cpuPeriod: Int64
    /// Microseconds of CPU time in a period.
    @Lenient public var cpuQuota: Int64
    /// Kept for clients.
    @Lenient public var cpuRealtimePeriod: Int64
    /// Kept for clients.
    @Lenient public var cpuRealtimeRuntime: Int64
    /// Processors to run on.
    @Lenient public var cpusetCpus: String
    /// Memory nodes to use.
    @Lenient public var cpusetMems: String
    /// Devices to show inside.
    public var devices: [DeviceMapping]?
    /// Kept for clients.
    public var deviceCgroupRules: [String]?
    /// The soft limit in bytes.
    @Lenient public var memoryReservation: Int64
    /// Memory and swap together, bytes; -1 for no limit.
    @Lenient public var memorySwap: Int64
    /// Kept for clients.
    public var memorySwappiness: Int64?
    /// Processors, times 10 to the 9th.
    @Lenient public var nanoCpus: Int64
    /// Whether a kill for want of memory is turned off.
    public var oomKillDisable: Bool?
    /// Whether an init helper is pid 1.
    public var useInit: Bool?
    /// Processes at most; 0 or -1 for no limit.
    public var pidsLimit: Int64?
    /// Resource limits.
    public var ulimits: [Ulimit]?
    /// Windows only.
    @Lenient public var cpuCount: Int64
    /// Windows only.
    @Lenient public var cpuPercent: Int64
    /// Windows only.
    @Lenient public var ioMaximumIOps: UInt64
    /// Windows only.
    @Lenient public var ioMaximumBandwidth: UInt64

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case binds = "Binds"
        case containerIDFile = "ContainerIDFile"
        case logConfig = "LogConfig"
        case networkMode = "NetworkMode"
        case portBindings = "PortBindings"
        case restartPolicy = "RestartPolicy"
        case autoRemove = "AutoRemove"
        case volumeDriver = "VolumeDriver"
        case volumesFrom = "VolumesFrom"
        case mounts = "Mounts"
        case consoleSize = "ConsoleSize"
        case annotations = "Annotations"
        case capAdd = "CapAdd"
        case capDrop = "CapDrop"
        case cgroupnsMode = "CgroupnsMode"
        case dns = "Dns"
        case dnsOptions = "DnsOptions"
        case dnsSearch = "DnsSearch"
        case extraHosts = "ExtraHosts"
        case groupAdd = "GroupAdd"
        case ipcMode = "IpcMode"
        case cgroup = "Cgroup"
        case links = "Links"
        case oomScoreAdj = "OomScoreAdj"
        case pidMode = "PidMode"
        case privileged = "Privileged"
        case publishAllPorts = "PublishAllPorts"
        case readonlyRootfs = "ReadonlyRootfs"
        case securityOpt = "SecurityOpt"
        case storageOpt = "StorageOpt"
        case tmpfs = "Tmpfs"
        case utsMode = "UTSMode"
        case usernsMode = "UsernsMode"
        case shmSize = "ShmSize"
        case sysctls = "Sysctls"
        case runtime = "Runtime"
        case isolation = "Isolation"
        case maskedPaths = "MaskedPaths"
        case readonlyPaths = "ReadonlyPaths"
        case cpuShares = "CpuShares"
        case memory = "Memory"
        case cgroupParent = "CgroupParent"
        case blkioWeight = "BlkioWeight"
        case cpuPeriod = "CpuPeriod"
        case cpuQuota = "CpuQuota"
        case cpuRealtimePeriod = "CpuRealtimePeriod"
        case cpuRealtimeRuntime = "CpuRealtimeRuntime"
        case cpusetCpus = "CpusetCpus"
        case cpusetMems = "CpusetMems"
        case devices = "Devices"
        case deviceCgroupRules = "DeviceCgroupRules"
        case memoryReservation = "MemoryReservation"
        case memorySwap = "MemorySwap"
        case memorySwappiness = "MemorySwappiness"
        case nanoCpus = "NanoCpus"
        case oomKillDisable = "OomKillDisable"
        case useInit = "Init"
        case pidsLimit = "PidsLimit"
        case ulimits = "Ulimits"
        case cpuCount = "CpuCount"
        case cpuPercent = "CpuPercent"
        case ioMaximumIOps = "IOMaximumIOps"
        case ioMaximumBandwidth = "IOMaximumBandwidth"
    }

    /// How output is kept.
    public struct LogConfig: Codable, Sendable, Equatable, Blank {
        /// The driver: `json-file` or `none`.
        @Lenient public var type: String
        /// Its options.
        @Lenient public var config: [String: String]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(type: String = "", config: [String: String] = [:]) {
            self.type = type
            self.config = config
        }

        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case config = "Config"
        }
    }

    /// A device shown inside.
    public struct DeviceMapping: Codable, Sendable, Equatable, Blank {
        /// The host's path.
        @Lenient public var pathOnHost: String
        /// The path inside.
        @Lenient public var pathInContainer: String
        /// Of `r`, `w`, `m`.
        @Lenient public var cgroupPermissions: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(pathOnHost: String = "", pathInContainer: String = "", cgroupPermissions: String = "") {
            self.pathOnHost = pathOnHost
            self.pathInContainer = pathInContainer
            self.cgroupPermissions = cgroupPermissions
        }

        enum CodingKeys: String, CodingKey {
            case pathOnHost = "PathOnHost"
            case pathInContainer = "PathInContainer"
            case cgroupPermissions = "CgroupPermissions"
        }
    }

    /// A resource limit, see setrlimit(2).
    public struct Ulimit: Codable, Sendable, Equatable, Blank {
        /// Such as `nofile`.
        @Lenient public var name: String
        /// The soft limit; -1 for none.
        @Lenient public var soft: Int64
        /// The hard limit; -1 for none.
        @Lenient public var hard: Int64

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(name: String = "", soft: Int64 = 0, hard: Int64 = 0) {
            self.name = name
            self.soft = soft
            self.hard = hard
        }

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case soft = "Soft"
            case hard = "Hard"
        }
    }
}

/// When a container is started again.
public struct RestartPolicy: Codable, Sendable, Equatable, Blank {
    /// `no`, `always`, `unless-stopped`, `on-failure`.
    @Lenient public var name: String
    /// Attempts at most under `on-failure`.
    @Lenient public var maximumRetryCount: Int

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(name: String = "", maximumRetryCount: Int = 0) {
        self.name = name
        self.maximumRetryCount = maximumRetryCount
    }

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case maximumRetryCount = "MaximumRetryCount"
    }
}

/// A port of the host.
public struct PortBinding: Codable, Sendable, Equatable, Blank {
    /// The address; empty for all.
    @Lenient public var hostIP: String
    /// The port or range; empty for any.
    @Lenient public var hostPort: String

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(hostIP: String = "", hostPort: String = "") {
        self.hostIP = hostIP
        self.hostPort = hostPort
    }

    enum CodingKeys: String, CodingKey {
        case hostIP = "HostIp"
        case hostPort = "HostPort"
    }
}
