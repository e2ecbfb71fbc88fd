/// `GET /networks/{id}`.
public struct Network: Codable, Sendable, Equatable, Blank {
    /// The name.
    @Lenient public var name: String
    /// The id.
    @Lenient public var id: String
    /// RFC 3339 time of the creation.
    @Lenient public var created: String
    /// `local`.
    @Lenient public var scope: String
    /// `bridge`, `host`, `null`.
    @Lenient public var driver: String
    /// Whether IPv4 is on.
    @Lenient public var enableIPv4: Bool
    /// Whether IPv6 is on.
    @Lenient public var enableIPv6: Bool
    /// Its addresses.
    @Lenient public var ipam: IPAM
    /// Whether it leads nowhere else.
    @Lenient public var isInternal: Bool
    /// Swarm only.
    @Lenient public var attachable: Bool
    /// Swarm only.
    @Lenient public var ingress: Bool
    /// Swarm only.
    @Lenient public var configFrom: ConfigReference
    /// Swarm only.
    @Lenient public var configOnly: Bool
    /// By id.
    @Lenient public var containers: [String: NetworkContainer]
    /// Options of the driver.
    @Lenient public var options: [String: String]
    /// Labels.
    @Lenient public var labels: [String: String]

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case id = "Id"
        case created = "Created"
        case scope = "Scope"
        case driver = "Driver"
        case enableIPv4 = "EnableIPv4"
        case enableIPv6 = "EnableIPv6"
        case ipam = "IPAM"
        case isInternal = "Internal"
        case attachable = "Attachable"
        case ingress = "Ingress"
        case configFrom = "ConfigFrom"
        case configOnly = "ConfigOnly"
        case containers = "Containers"
        case options = "Options"
        case labels = "Labels"
    }

    /// Swarm only.
    public struct ConfigReference: Codable, Sendable, Equatable, Blank {
        /// A network's name.
        @Lenient public var network: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(network: String = "") {
            self.network = network
        }

        enum CodingKeys: String, CodingKey {
            case network = "Network"
        }
    }

    /// A container in a network.
    public struct NetworkContainer: Codable, Sendable, Equatable, Blank {
        /// Its name.
        @Lenient public var name: String
        /// Its place's id.
        @Lenient public var endpointID: String
        /// Its hardware address.
        @Lenient public var macAddress: String
        /// Its address with the network's bits.
        @Lenient public var ipv4Address: String
        /// Its IPv6 address with the network's bits.
        @Lenient public var ipv6Address: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            name: String = "", endpointID: String = "", macAddress: String = "", ipv4Address: String = "",
            ipv6Address: String = ""
        ) {
            self.name = name
            self.endpointID = endpointID
            self.macAddress = macAddress
            self.ipv4Address = ipv4Address
            self.ipv6Address = ipv6Address
        }

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case endpointID = "EndpointID"
            case macAddress = "MacAddress"
            case ipv4Address = "IPv4Address"
            case ipv6Address = "IPv6Address"
        }
    }
}

/// Addresses of a network.
public struct IPAM: Codable, Sendable, Equatable, Blank {
    /// `default`.
    @Lenient public var driver: String
    /// Options of the driver.
    public var options: [String: String]?
    /// Address ranges.
    @Lenient public var config: [IPAMPool]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(driver: String = "", options: [String: String]? = nil, config: [IPAMPool] = []) {
        self.driver = driver
        self.options = options
        self.config = config
    }

    enum CodingKeys: String, CodingKey {
        case driver = "Driver"
        case options = "Options"
        case config = "Config"
    }
}

/// An address range of a network.
public struct IPAMPool: Codable, Sendable, Equatable, Blank {
    /// The range.
    public var subnet: String?
    /// The part from which addresses are given.
    public var ipRange: String?
    /// The gateway.
    public var gateway: String?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(subnet: String? = nil, ipRange: String? = nil, gateway: String? = nil) {
        self.subnet = subnet
        self.ipRange = ipRange
        self.gateway = gateway
    }

    enum CodingKeys: String, CodingKey {
        case subnet = "Subnet"
        case ipRange = "IPRange"
        case gateway = "Gateway"
    }
}
