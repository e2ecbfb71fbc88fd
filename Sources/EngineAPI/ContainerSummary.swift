/// One entry of `GET /containers/json`.
public struct ContainerSummary: Codable, Sendable, Equatable, Blank {
    /// The id.
    @Lenient public var id: String
    /// Names, each with a slash in front.
    @Lenient public var names: [String]
    /// The image as the client named it.
    @Lenient public var image: String
    /// The image's id.
    @Lenient public var imageID: String
    /// The command line.
    @Lenient public var command: String
    /// Seconds since 1970.
    @Lenient public var created: Int64
    /// Exposed and published ports.
    @Lenient public var ports: [Port]
    /// Bytes that the container wrote; with `size`.
    public var sizeRw: Int64?
    /// Those and the image's bytes; with `size`.
    public var sizeRootFs: Int64?
    /// Labels.
    @Lenient public var labels: [String: String]
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`.
    @Lenient public var state: String
    /// The state for people to read, such as `Up 3 minutes`.
    @Lenient public var status: String
    /// What `ps` shows of the host's side.
    @Lenient public var hostConfig: HostSummary
    /// Networks by name.
    public var networkSettings: Networks?
    /// Mounts.
    @Lenient public var mounts: [MountPoint]

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case names = "Names"
        case image = "Image"
        case imageID = "ImageID"
        case command = "Command"
        case created = "Created"
        case ports = "Ports"
        case sizeRw = "SizeRw"
        case sizeRootFs = "SizeRootFs"
        case labels = "Labels"
        case state = "State"
        case status = "Status"
        case hostConfig = "HostConfig"
        case networkSettings = "NetworkSettings"
        case mounts = "Mounts"
    }

    /// What `ps` shows of the host's side.
    public struct HostSummary: Codable, Sendable, Equatable, Blank {
        /// The network mode.
        @Lenient public var networkMode: String
        /// Annotations.
        public var annotations: [String: String]?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(networkMode: String = "", annotations: [String: String]? = nil) {
            self.networkMode = networkMode
            self.annotations = annotations
        }

        enum CodingKeys: String, CodingKey {
            case networkMode = "NetworkMode"
            case annotations = "Annotations"
        }
    }

    /// Networks of a container.
    public struct Networks: Codable, Sendable, Equatable, Blank {
        /// By name.
        @Lenient public var networks: [String: EndpointSettings]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(networks: [String: EndpointSettings] = [:]) {
            self.networks = networks
        }

        enum CodingKeys: String, CodingKey {
            case networks = "Networks"
        }
    }

    /// A port.
    public struct Port: Codable, Sendable, Equatable, Blank {
        /// The host's address.
        public var ip: String?
        /// The port inside.
        @Lenient public var privatePort: UInt16
        /// The host's port.
        public var publicPort: UInt16?
        /// `tcp`, `udp`, `sctp`.
        @Lenient public var type: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(ip: String? = nil, privatePort: UInt16 = 0, publicPort: UInt16? = nil, type: String = "") {
            self.ip = ip
            self.privatePort = privatePort
            self.publicPort = publicPort
            self.type = type
        }

        enum CodingKeys: String, CodingKey {
            case ip = "IP"
            case privatePort = "PrivatePort"
            case publicPort = "PublicPort"
            case type = "Type"
        }
    }
}
