/// A container's place in a network.
public struct EndpointSettings: Codable, Sendable, Equatable, Blank {
    /// Addresses asked for.
    public var ipamConfig: IPAMConfig?
    /// Links, long deprecated.
    public var links: [String]?
    /// Further names there.
    public var aliases: [String]?
    /// Options of the driver.
    public var driverOpts: [String: String]?
    /// Which network gives the default route.
    @Lenient public var gwPriority: Int
    /// The network's id.
    @Lenient public var networkID: String
    /// This place's id.
    @Lenient public var endpointID: String
    /// The gateway.
    @Lenient public var gateway: String
    /// The address.
    @Lenient public var ipAddress: String
    /// The hardware address.
    @Lenient public var macAddress: String
    /// Bits of the network part.
    @Lenient public var ipPrefixLen: Int
    /// The IPv6 gateway.
    @Lenient public var ipv6Gateway: String
    /// The IPv6 address.
    @Lenient public var globalIPv6Address: String
    /// Bits of the IPv6 network part.
    @Lenient public var globalIPv6PrefixLen: Int
    /// All names there.
    public var dnsNames: [String]?

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case ipamConfig = "IPAMConfig"
        case links = "Links"
        case aliases = "Aliases"
        case driverOpts = "DriverOpts"
        case gwPriority = "GwPriority"
        case networkID = "NetworkID"
        case endpointID = "EndpointID"
        case gateway = "Gateway"
        case ipAddress = "IPAddress"
        case macAddress = "MacAddress"
        case ipPrefixLen = "IPPrefixLen"
        case ipv6Gateway = "IPv6Gateway"
        case globalIPv6Address = "GlobalIPv6Address"
        case globalIPv6PrefixLen = "GlobalIPv6PrefixLen"
        case dnsNames = "DNSNames"
    }

    /// Addresses asked for.
    public struct IPAMConfig: Codable, Sendable, Equatable, Blank {
        /// The address.
        @Lenient public var ipv4Address: String
        /// The IPv6 address.
        @Lenient public var ipv6Address: String
        /// Link-local addresses.
        public var linkLocalIPs: [String]?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(ipv4Address: String = "", ipv6Address: String = "", linkLocalIPs: [String]? = nil) {
            self.ipv4Address = ipv4Address
            self.ipv6Address = ipv6Address
            self.linkLocalIPs = linkLocalIPs
        }

        enum CodingKeys: String, CodingKey {
            case ipv4Address = "IPv4Address"
            case ipv6Address = "IPv6Address"
            case linkLocalIPs = "LinkLocalIPs"
        }
    }
}

/// The networks that a new container joins.
public struct NetworkingConfig: Codable, Sendable, Equatable, Blank {
    /// By the network's name.
    @Lenient public var endpoints: [String: EndpointSettings]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(endpoints: [String: EndpointSettings] = [:]) {
        self.endpoints = endpoints
    }

    enum CodingKeys: String, CodingKey {
        case endpoints = "EndpointsConfig"
    }
}
