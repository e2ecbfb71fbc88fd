/// `GET /version`.
public struct SystemVersion: Codable, Sendable, Equatable, Blank {
    /// Who made the engine.
    @Lenient public var platform: Platform
    /// The programs that the engine is made of.
    @Lenient public var components: [Component]
    /// The engine's version.
    @Lenient public var version: String
    /// The highest API version spoken.
    @Lenient public var apiVersion: String
    /// The lowest API version spoken.
    @Lenient public var minAPIVersion: String
    /// The commit that the engine was built from.
    @Lenient public var gitCommit: String
    /// The language's version; clients print it under this name.
    @Lenient public var goVersion: String
    /// `linux`.
    @Lenient public var os: String
    /// The architecture under Go's name for it.
    @Lenient public var arch: String
    /// The kernel's release.
    @Lenient public var kernelVersion: String
    /// Whether experimental calls are on.
    @Lenient public var experimental: Bool
    /// When the engine was built.
    @Lenient public var buildTime: String

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case platform = "Platform"
        case components = "Components"
        case version = "Version"
        case apiVersion = "ApiVersion"
        case minAPIVersion = "MinAPIVersion"
        case gitCommit = "GitCommit"
        case goVersion = "GoVersion"
        case os = "Os"
        case arch = "Arch"
        case kernelVersion = "KernelVersion"
        case experimental = "Experimental"
        case buildTime = "BuildTime"
    }

    /// The maker of the engine.
    public struct Platform: Codable, Sendable, Equatable, Blank {
        /// For people to read.
        @Lenient public var name: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(name: String = "") {
            self.name = name
        }

        enum CodingKeys: String, CodingKey {
            case name = "Name"
        }
    }

    /// One program of the engine.
    public struct Component: Codable, Sendable, Equatable, Blank {
        /// Its name.
        @Lenient public var name: String
        /// Its version.
        @Lenient public var version: String
        /// Further facts, for people to read.
        @Lenient public var details: [String: String]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(name: String = "", version: String = "", details: [String: String] = [:]) {
            self.name = name
            self.version = version
            self.details = details
        }

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case version = "Version"
            case details = "Details"
        }
    }
}
