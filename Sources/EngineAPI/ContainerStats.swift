/// One sample of `GET /containers/{id}/stats`.
public struct ContainerStats: Codable, Sendable, Equatable, Blank {
    /// The container's name, with a slash in front.
    @Lenient public var name: String
    /// Its id.
    @Lenient public var id: String
    /// RFC 3339 time of this sample.
    @Lenient public var read: String
    /// RFC 3339 time of the sample before.
    @Lenient public var preread: String
    /// Processes.
    @Lenient public var pids: Pids
    /// Bytes read and written.
    @Lenient public var blkio: Blkio
    /// Windows only.
    @Lenient public var numProcs: Int
    /// CPU time.
    @Lenient public var cpu: CPU
    /// CPU time at the sample before.
    @Lenient public var precpu: CPU
    /// Memory.
    @Lenient public var memory: Memory
    /// Traffic by interface.
    public var networks: [String: Network]?

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case name
        case id
        case read
        case preread
        case pids = "pids_stats"
        case blkio = "blkio_stats"
        case numProcs = "num_procs"
        case cpu = "cpu_stats"
        case precpu = "precpu_stats"
        case memory = "memory_stats"
        case networks
    }

    /// Processes.
    public struct Pids: Codable, Sendable, Equatable, Blank {
        /// How many there are.
        public var current: UInt64?
        /// How many there may be.
        public var limit: UInt64?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(current: UInt64? = nil, limit: UInt64? = nil) {
            self.current = current
            self.limit = limit
        }

        enum CodingKeys: String, CodingKey {
            case current
            case limit
        }
    }

    /// Bytes read and written.
    public struct Blkio: Codable, Sendable, Equatable, Blank {
        /// By device.
        public var serviceBytes: [BlkioEntry]?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(serviceBytes: [BlkioEntry]? = nil) {
            self.serviceBytes = serviceBytes
        }

        enum CodingKeys: String, CodingKey {
            case serviceBytes = "io_service_bytes_recursive"
        }
    }

    /// Bytes of one device and kind.
    public struct BlkioEntry: Codable, Sendable, Equatable, Blank {
        /// The device's major number.
        @Lenient public var major: UInt64
        /// The device's minor number.
        @Lenient public var minor: UInt64
        /// `read` or `write`.
        @Lenient public var op: String
        /// Bytes.
        @Lenient public var value: UInt64

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(major: UInt64 = 0, minor: UInt64 = 0, op: String = "", value: UInt64 = 0) {
            self.major = major
            self.minor = minor
            self.op = op
            self.value = value
        }

        enum CodingKeys: String, CodingKey {
            case major
            case minor
            case op
            case value
        }
    }

    /// CPU time.
    public struct CPU: Codable, Sendable, Equatable, Blank {
        /// The container's.
        @Lenient public var usage: CPUUsage
        /// The host's, nanoseconds.
        public var system: UInt64?
        /// Processors.
        public var online: Int?
        /// How it was held back.
        @Lenient public var throttling: Throttling

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            usage: CPUUsage = CPUUsage(), system: UInt64? = nil, online: Int? = nil,
            throttling: Throttling = Throttling()
        ) {
            self.usage = usage
            self.system = system
            self.online = online
            self.throttling = throttling
        }

        enum CodingKeys: String, CodingKey {
            case usage = "cpu_usage"
            case system = "system_cpu_usage"
            case online = "online_cpus"
            case throttling = "throttling_data"
        }
    }

    /// CPU time, nanoseconds.
    public struct CPUUsage: Codable, Sendable, Equatable, Blank {
        /// All.
        @Lenient public var total: UInt64
        /// By processor.
        public var percpu: [UInt64]?
        /// In the kernel.
        @Lenient public var kernel: UInt64
        /// In programs.
        @Lenient public var user: UInt64

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(total: UInt64 = 0, percpu: [UInt64]? = nil, kernel: UInt64 = 0, user: UInt64 = 0) {
            self.total = total
            self.percpu = percpu
            self.kernel = kernel
            self.user = user
        }

        enum CodingKeys: String, CodingKey {
            case total = "total_usage"
            case percpu = "percpu_usage"
            case kernel = "usage_in_kernelmode"
            case user = "usage_in_usermode"
        }
    }

    /// How a container was held back.
    public struct Throttling: Codable, Sendable, Equatable, Blank {
        /// Periods.
        @Lenient public var periods: UInt64
        /// Periods in which it was held back.
        @Lenient public var throttledPeriods: UInt64
        /// Nanoseconds for which it was.
        @Lenient public var throttledTime: UInt64

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(periods: UInt64 = 0, throttledPeriods: UInt64 = 0, throttledTime: UInt64 = 0) {
            self.periods = periods
            self.throttledPeriods = throttledPeriods
            self.throttledTime = throttledTime
        }

        enum CodingKeys: String, CodingKey {
            case periods
            case throttledPeriods = "throttled_periods"
            case throttledTime = "throttled_time"
        }
    }

    /// Memory, bytes.
    public struct Memory: Codable, Sendable, Equatable, Blank {
        /// In use.
        public var usage: UInt64?
        /// The most that was.
        public var maxUsage: UInt64?
        /// Parts of it.
        public var stats: [String: UInt64]?
        /// How often the limit was hit.
        public var failcnt: UInt64?
        /// The limit.
        public var limit: UInt64?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            usage: UInt64? = nil, maxUsage: UInt64? = nil, stats: [String: UInt64]? = nil, failcnt: UInt64? = nil,
            limit: UInt64? = nil
        ) {
            self.usage = usage
            self.maxUsage = maxUsage
            self.stats = stats
            self.failcnt = failcnt
            self.limit = limit
        }

        enum CodingKeys: String, CodingKey {
            case usage
            case maxUsage = "max_usage"
            case stats
            case failcnt
            case limit
        }
    }

    /// Traffic of an interface.
    public struct Network: Codable, Sendable, Equatable, Blank {
        /// Bytes in.
        @Lenient public var rxBytes: UInt64
        /// Packets in.
        @Lenient public var rxPackets: UInt64
        /// Errors in.
        @Lenient public var rxErrors: UInt64
        /// Dropped in.
        @Lenient public var rxDropped: UInt64
        /// Bytes out.
        @Lenient public var txBytes: UInt64
        /// Packets out.
        @Lenient public var txPackets: UInt64
        /// Errors out.
        @Lenient public var txErrors: UInt64
        /// Dropped out.
        @Lenient public var txDropped: UInt64

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            rxBytes: UInt64 = 0, rxPackets: UInt64 = 0, rxErrors: UInt64 = 0, rxDropped: UInt64 = 0,
            txBytes: UInt64 = 0, txPackets: UInt64 = 0, txErrors: UInt64 = 0, txDropped: UInt64 = 0
        ) {
            self.rxBytes = rxBytes
            self.rxPackets = rxPackets
            self.rxErrors = rxErrors
            self.rxDropped = rxDropped
            self.txBytes = txBytes
            self.txPackets = txPackets
            self.txErrors = txErrors
            self.txDropped = txDropped
        }

        enum CodingKeys: String, CodingKey {
            case rxBytes = "rx_bytes"
            case rxPackets = "rx_packets"
            case rxErrors = "rx_errors"
            case rxDropped = "rx_dropped"
            case txBytes = "tx_bytes"
            case txPackets = "tx_packets"
            case txErrors = "tx_errors"
            case txDropped = "tx_dropped"
        }
    }
}
