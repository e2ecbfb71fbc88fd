// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// An image's configuration: OCI image specification, config.md, with docker's additional members.
public struct ImageConfiguration: Sendable, Hashable, Codable {
    /// RFC 3339.
    public var created: String?
    public var author: String?
    public var architecture: String
    public var os: String
    public var osVersion: String?
    public var osFeatures: [String]?
    public var variant: String?
    public var config: Config?
    public var rootfs: RootFileSystem
    public var history: [History]?
    public var dockerVersion: String?
    public var comment: String?

    public init(
        platform: Platform = .current, config: Config? = nil, rootfs: RootFileSystem, history: [History]? = nil,
        created: String? = nil, author: String? = nil, comment: String? = nil
    ) {
        self.created = created
        self.author = author
        architecture = platform.architecture
        os = platform.os
        osVersion = platform.osVersion
        osFeatures = platform.osFeatures
        variant = platform.variant
        self.config = config
        self.rootfs = rootfs
        self.history = history
        self.comment = comment
    }

    /// The platform that the image is for.
    public var platform: Platform {
        Platform(
            architecture: architecture, os: os, osVersion: osVersion, osFeatures: osFeatures, variant: variant)
    }

    enum CodingKeys: String, CodingKey {
        case created, author, architecture, os
        case osVersion = "os.version"
        case osFeatures = "os.features"
        case variant, config, rootfs, history
        case dockerVersion = "docker_version"
        case comment
    }
}

extension ImageConfiguration {
    /// config.md, `config`: how the image wants to be run.
    public struct Config: Sendable, Hashable, Codable {
        public var user: String?
        /// Keys such as `80/tcp`.
        public var exposedPorts: [String: Empty]?
        public var env: [String]?
        public var entrypoint: [String]?
        public var cmd: [String]?
        public var volumes: [String: Empty]?
        public var workingDir: String?
        public var labels: [String: String]?
        public var stopSignal: String?
        public var argsEscaped: Bool?
        // docker's.
        public var hostname: String?
        public var domainname: String?
        public var healthcheck: Healthcheck?
        public var onBuild: [String]?
        public var shell: [String]?
        public var stopTimeout: Int?

        public init(
            user: String? = nil, exposedPorts: [String: Empty]? = nil, env: [String]? = nil,
            entrypoint: [String]? = nil, cmd: [String]? = nil, volumes: [String: Empty]? = nil,
            workingDir: String? = nil, labels: [String: String]? = nil, stopSignal: String? = nil
        ) {
            self.user = user
            self.exposedPorts = exposedPorts
            self.env = env
            self.entrypoint = entrypoint
            self.cmd = cmd
            self.volumes = volumes
            self.workingDir = workingDir
            self.labels = labels
            self.stopSignal = stopSignal
        }

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case exposedPorts = "ExposedPorts"
            case env = "Env"
            case entrypoint = "Entrypoint"
            case cmd = "Cmd"
            case volumes = "Volumes"
            case workingDir = "WorkingDir"
            case labels = "Labels"
            case stopSignal = "StopSignal"
            case argsEscaped = "ArgsEscaped"
            case hostname = "Hostname"
            case domainname = "Domainname"
            case healthcheck = "Healthcheck"
            case onBuild = "OnBuild"
            case shell = "Shell"
            case stopTimeout = "StopTimeout"
        }
    }

    /// `{}`: the value of each member of a set that Go writes as a map.
    public struct Empty: Sendable, Hashable, Codable {
        public init() {}
    }

    /// docker's health check. Durations are nanoseconds.
    public struct Healthcheck: Sendable, Hashable, Codable {
        public var test: [String]?
        public var interval: Int64?
        public var timeout: Int64?
        public var startPeriod: Int64?
        public var startInterval: Int64?
        public var retries: Int?

        public init(
            test: [String]? = nil, interval: Int64? = nil, timeout: Int64? = nil, startPeriod: Int64? = nil,
            startInterval: Int64? = nil, retries: Int? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.startInterval = startInterval
            self.retries = retries
        }

        enum CodingKeys: String, CodingKey {
            case test = "Test"
            case interval = "Interval"
            case timeout = "Timeout"
            case startPeriod = "StartPeriod"
            case startInterval = "StartInterval"
            case retries = "Retries"
        }
    }

    /// config.md, `rootfs`.
    public struct RootFileSystem: Sendable, Hashable, Codable {
        public var type: String
        /// Digests of the layers' uncompressed tars, lowest first.
        public var diffIDs: [String]

        public init(diffIDs: [String]) {
            type = "layers"
            self.diffIDs = diffIDs
        }

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decodeIfPresent(String.self, forKey: .type) ?? "layers"
            diffIDs = try container.decodeIfPresent([String].self, forKey: .diffIDs) ?? []
        }
    }

    /// config.md, `history`.
    public struct History: Sendable, Hashable, Codable {
        public var created: String?
        public var author: String?
        public var createdBy: String?
        public var comment: String?
        public var emptyLayer: Bool?

        public init(
            created: String? = nil, author: String? = nil, createdBy: String? = nil, comment: String? = nil,
            emptyLayer: Bool? = nil
        ) {
            self.created = created
            self.author = author
            self.createdBy = createdBy
            self.comment = comment
            self.emptyLayer = emptyLayer
        }

        enum CodingKeys: String, CodingKey {
            case created, author
            case createdBy = "created_by"
            case comment
            case emptyLayer = "empty_layer"
        }
    }
}
