/// A mount as a client asks for it.
public struct Mount: Codable, Sendable, Equatable, Blank {
    /// Where inside.
    @Lenient public var target: String
    /// A volume's name or a path of the host.
    @Lenient public var source: String
    /// `bind`, `volume`, `tmpfs`, `image`, `npipe`, `cluster`.
    @Lenient public var type: String
    /// Whether it is read-only.
    @Lenient public var readOnly: Bool
    /// Kept for clients.
    @Lenient public var consistency: String
    /// For `bind`.
    public var bindOptions: BindOptions?
    /// For `volume`.
    public var volumeOptions: VolumeOptions?
    /// For `tmpfs`.
    public var tmpfsOptions: TmpfsOptions?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        target: String = "", source: String = "", type: String = "", readOnly: Bool = false, consistency: String = "",
        bindOptions: BindOptions? = nil, volumeOptions: VolumeOptions? = nil, tmpfsOptions: TmpfsOptions? = nil
    ) {
        self.target = target
        self.source = source
        self.type = type
        self.readOnly = readOnly
        self.consistency = consistency
        self.bindOptions = bindOptions
        self.volumeOptions = volumeOptions
        self.tmpfsOptions = tmpfsOptions
    }

    enum CodingKeys: String, CodingKey {
        case target = "Target"
        case source = "Source"
        case type = "Type"
        case readOnly = "ReadOnly"
        case consistency = "Consistency"
        case bindOptions = "BindOptions"
        case volumeOptions = "VolumeOptions"
        case tmpfsOptions = "TmpfsOptions"
    }

    /// Options of a bind.
    public struct BindOptions: Codable, Sendable, Equatable, Blank {
        /// Kept for clients.
        @Lenient public var propagation: String
        /// Whether mounts below are left out.
        @Lenient public var nonRecursive: Bool
        /// Whether a missing source is made.
        @Lenient public var createMountpoint: Bool

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(propagation: String = "", nonRecursive: Bool = false, createMountpoint: Bool = false) {
            self.propagation = propagation
            self.nonRecursive = nonRecursive
            self.createMountpoint = createMountpoint
        }

        enum CodingKeys: String, CodingKey {
            case propagation = "Propagation"
            case nonRecursive = "NonRecursive"
            case createMountpoint = "CreateMountpoint"
        }
    }

    /// Options of a volume.
    public struct VolumeOptions: Codable, Sendable, Equatable, Blank {
        /// Whether the image's files below the target are not copied into an empty volume.
        @Lenient public var noCopy: Bool
        /// Labels of a volume that is made.
        @Lenient public var labels: [String: String]
        /// Its driver.
        public var driverConfig: DriverConfig?
        /// A folder inside the volume.
        @Lenient public var subpath: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(
            noCopy: Bool = false, labels: [String: String] = [:], driverConfig: DriverConfig? = nil,
            subpath: String = ""
        ) {
            self.noCopy = noCopy
            self.labels = labels
            self.driverConfig = driverConfig
            self.subpath = subpath
        }

        enum CodingKeys: String, CodingKey {
            case noCopy = "NoCopy"
            case labels = "Labels"
            case driverConfig = "DriverConfig"
            case subpath = "Subpath"
        }
    }

    /// A volume's driver.
    public struct DriverConfig: Codable, Sendable, Equatable, Blank {
        /// Its name.
        @Lenient public var name: String
        /// Its options.
        @Lenient public var options: [String: String]

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(name: String = "", options: [String: String] = [:]) {
            self.name = name
            self.options = options
        }

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case options = "Options"
        }
    }

    /// Options of a tmpfs.
    public struct TmpfsOptions: Codable, Sendable, Equatable, Blank {
        /// Its size; 0 for no limit.
        @Lenient public var sizeBytes: Int64
        /// Its mode.
        @Lenient public var mode: Int

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(sizeBytes: Int64 = 0, mode: Int = 0) {
            self.sizeBytes = sizeBytes
            self.mode = mode
        }

        enum CodingKeys: String, CodingKey {
            case sizeBytes = "SizeBytes"
            case mode = "Mode"
        }
    }
}
