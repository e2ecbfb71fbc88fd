/// `GET /images/{name}/json`.
public struct ImageInspect: Codable, Sendable, Equatable, Blank {
    /// The id.
    @Lenient public var id: String
    /// Names with tags.
    @Lenient public var repoTags: [String]
    /// Names with digests.
    @Lenient public var repoDigests: [String]
    /// Empty.
    @Lenient public var parent: String
    /// The last history entry's comment.
    @Lenient public var comment: String
    /// RFC 3339 time of the creation.
    public var created: String?
    /// Empty.
    @Lenient public var dockerVersion: String
    /// Who made it.
    @Lenient public var author: String
    /// The configuration of containers made from it.
    @Lenient public var config: ContainerConfig
    /// The architecture under Go's name for it.
    @Lenient public var architecture: String
    /// Its variant.
    public var variant: String?
    /// `linux`.
    @Lenient public var os: String
    /// Its version.
    public var osVersion: String?
    /// Bytes of all layers.
    @Lenient public var size: Int64
    /// The same, before API 1.44.
    public var virtualSize: Int64?
    /// Where the files are.
    @Lenient public var graphDriver: DriverData
    /// The layers.
    @Lenient public var rootFS: RootFS
    /// Local facts.
    @Lenient public var metadata: ImageMetadata

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case repoTags = "RepoTags"
        case repoDigests = "RepoDigests"
        case parent = "Parent"
        case comment = "Comment"
        case created = "Created"
        case dockerVersion = "DockerVersion"
        case author = "Author"
        case config = "Config"
        case architecture = "Architecture"
        case variant = "Variant"
        case os = "Os"
        case osVersion = "OsVersion"
        case size = "Size"
        case virtualSize = "VirtualSize"
        case graphDriver = "GraphDriver"
        case rootFS = "RootFS"
        case metadata = "Metadata"
    }

    /// The layers of an image.
    public struct RootFS: Codable, Sendable, Equatable, Blank {
        /// `layers`.
        @Lenient public var type: String
        /// Digests of the layers' uncompressed tar files, lowest first.
        public var layers: [String]?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(type: String = "", layers: [String]? = nil) {
            self.type = type
            self.layers = layers
        }

        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case layers = "Layers"
        }
    }

    /// Local facts about an image.
    public struct ImageMetadata: Codable, Sendable, Equatable, Blank {
        /// RFC 3339 time of the last tagging.
        @Lenient public var lastTagTime: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(lastTagTime: String = "") {
            self.lastTagTime = lastTagTime
        }

        enum CodingKeys: String, CodingKey {
            case lastTagTime = "LastTagTime"
        }
    }
}
