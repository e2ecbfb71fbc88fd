/// `GET /containers/{id}/json`.
public struct ContainerInspect: Codable, Sendable, Equatable, Blank {
    /// The id.
    @Lenient public var id: String
    /// RFC 3339 time of the creation.
    @Lenient public var created: String
    /// The program.
    @Lenient public var path: String
    /// Its arguments.
    @Lenient public var args: [String]
    /// How it fares.
    @Lenient public var state: ContainerState
    /// The image's id.
    @Lenient public var image: String
    /// The file behind /etc/resolv.conf.
    @Lenient public var resolvConfPath: String
    /// The file behind /etc/hostname.
    @Lenient public var hostnamePath: String
    /// The file behind /etc/hosts.
    @Lenient public var hostsPath: String
    /// The file that holds the output.
    @Lenient public var logPath: String
    /// The name, with a slash in front.
    @Lenient public var name: String
    /// How often it was started again.
    @Lenient public var restartCount: Int
    /// The snapshotter.
    @Lenient public var driver: String
    /// `linux`.
    @Lenient public var platform: String
    /// Kept for clients.
    @Lenient public var mountLabel: String
    /// Kept for clients.
    @Lenient public var processLabel: String
    /// Kept for clients.
    @Lenient public var appArmorProfile: String
    /// Running execs.
    public var execIDs: [String]?
    /// The host's side of the configuration.
    @Lenient public var hostConfig: HostConfig
    /// Where the files are.
    @Lenient public var graphDriver: DriverData
    /// Bytes that the container wrote; with `size`.
    public var sizeRw: Int64?
    /// Those and the image's bytes; with `size`.
    public var sizeRootFs: Int64?
    /// Mounts.
    @Lenient public var mounts: [MountPoint]
    /// The portable side of the configuration.
    @Lenient public var config: ContainerConfig
    /// Addresses and ports.
    @Lenient public var networkSettings: NetworkSettings

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case created = "Created"
        case path = "Path"
        case args = "Args"
        case state = "State"
        case image = "Image"
        case resolvConfPath = "ResolvConfPath"
        case hostnamePath = "HostnamePath"
        case hostsPath = "HostsPath"
        case logPath = "LogPath"
        case name = "Name"
        case restartCount = "RestartCount"
        case driver = "Driver"
        case platform = "Platform"
        case mountLabel = "MountLabel"
        case processLabel = "ProcessLabel"
        case appArmorProfile = "AppArmorProfile"
        case execIDs = "ExecIDs"
        case hostConfig = "HostConfig"
        case graphDriver = "GraphDriver"
        case sizeRw = "SizeRw"
        case sizeRootFs = "SizeRootFs"
        case mounts = "Mounts"
        case config = "Config"
        case networkSettings = "NetworkSettings"
    }
}

/// Where an image's or a container's files are.
public struct DriverData: Codable, Sendable, Equatable, Blank {
    /// The snapshotter.
    @Lenient public var name: String
    /// Its facts.
    public var data: [String: String]?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(name: String = "", data: [String: String]? = nil) {
        self.name = name
        self.data = data
    }

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case data = "Data"
    }
}

/// Addresses and ports of a container.
public struct NetworkSettings: Codable, Sendable, Equatable, Blank {
    /// Kept for clients.
    @Lenient public var bridge: String
    /// Kept for clients.
    @Lenient public var sandboxID: String
    /// Kept for clients.
    @Lenient public var sandboxKey: String
    /// Published ports by `80/tcp`.
    @Lenient public var ports: [String: [PortBinding]?]
    /// In the default network.
    @Lenient public var endpointID: String
    /// In the default network.
    @Lenient public var gateway: String
    /// In the default network.
    @Lenient public var globalIPv6Address: String
    /// In the default network.
    @Lenient public var globalIPv6PrefixLen: Int
    /// In the default network.
    @Lenient public var ipAddress: String
    /// In the default network.
    @Lenient public var ipPrefixLen: Int
    /// In the default network.
    @Lenient public var ipv6Gateway: String
    /// In the default network.
    @Lenient public var macAddress: String
    /// By the network's name.
    @Lenient public var networks: [String: EndpointSettings]

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case bridge = "Bridge"
        case sandboxID = "SandboxID"
        case sandboxKey = "SandboxKey"
        case ports = "Ports"
        case endpointID = "EndpointID"
        case gateway = "Gateway"
        case globalIPv6Address = "GlobalIPv6Address"
        case globalIPv6PrefixLen = "GlobalIPv6PrefixLen"
        case ipAddress = "IPAddress"
        case ipPrefixLen = "IPPrefixLen"
        case ipv6Gateway = "IPv6Gateway"
        case macAddress = "MacAddress"
        case networks = "Networks"
    }
}
