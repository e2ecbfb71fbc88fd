/// `GET /volumes/{name}`.
public struct Volume: Codable, Sendable, Equatable, Blank {
    /// The name.
    @Lenient public var name: String
    /// `local`.
    @Lenient public var driver: String
    /// The folder that holds its files.
    @Lenient public var mountpoint: String
    /// RFC 3339 time of the creation.
    @Lenient public var createdAt: String
    /// Labels.
    public var labels: [String: String]?
    /// `local`.
    @Lenient public var scope: String
    /// Options of the driver.
    public var options: [String: String]?
    /// With `system df`.
    public var usageData: Usage?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        name: String = "", driver: String = "", mountpoint: String = "", createdAt: String = "",
        labels: [String: String]? = nil, scope: String = "", options: [String: String]? = nil, usageData: Usage? = nil
    ) {
        self.name = name
        self.driver = driver
        self.mountpoint = mountpoint
        self.createdAt = createdAt
        self.labels = labels
        self.scope = scope
        self.options = options
        self.usageData = usageData
    }

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case mountpoint = "Mountpoint"
        case createdAt = "CreatedAt"
        case labels = "Labels"
        case scope = "Scope"
        case options = "Options"
        case usageData = "UsageData"
    }

    /// How a volume is used.
    public struct Usage: Codable, Sendable, Equatable, Blank {
        /// Bytes.
        @Lenient public var size: Int64
        /// Containers that use it.
        @Lenient public var refCount: Int64

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(size: Int64 = 0, refCount: Int64 = 0) {
            self.size = size
            self.refCount = refCount
        }

        enum CodingKeys: String, CodingKey {
            case size = "Size"
            case refCount = "RefCount"
        }
    }
}

/// `POST /volumes/create`.
public struct VolumeCreateRequest: Codable, Sendable, Equatable, Blank {
    /// The name; empty for a random one.
    @Lenient public var name: String
    /// `local`.
    @Lenient public var driver: String
    /// Options of the driver.
    @Lenient public var driverOpts: [String: String]
    /// Labels.
    @Lenient public var labels: [String: String]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        name: String = "", driver: String = "", driverOpts: [String: String] = [:], labels: [String: String] = [:]
    ) {
        self.name = name
        self.driver = driver
        self.driverOpts = driverOpts
        self.labels = labels
    }

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case driverOpts = "DriverOpts"
        case labels = "Labels"
    }
}

/// `GET /volumes`.
public struct VolumeListResponse: Codable, Sendable, Equatable, Blank {
    /// The volumes.
    @Lenient public var volumes: [Volume]
    /// Warnings for people to read.
    @Lenient public var warnings: [String]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(volumes: [Volume] = [], warnings: [String] = []) {
        self.volumes = volumes
        self.warnings = warnings
    }

    enum CodingKeys: String, CodingKey {
        case volumes = "Volumes"
        case warnings = "Warnings"
    }
}
