/// A mount as a container has it.
public struct MountPoint: Codable, Sendable, Equatable, Blank {
    /// `bind`, `volume`, `tmpfs`.
    @Lenient public var type: String
    /// The volume's name.
    public var name: String?
    /// The host's path.
    @Lenient public var source: String
    /// Where inside.
    @Lenient public var destination: String
    /// The volume's driver.
    public var driver: String?
    /// Options as given.
    @Lenient public var mode: String
    /// Whether it can be written.
    @Lenient public var readWrite: Bool
    /// Kept for clients.
    @Lenient public var propagation: String

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        type: String = "", name: String? = nil, source: String = "", destination: String = "", driver: String? = nil,
        mode: String = "", readWrite: Bool = false, propagation: String = ""
    ) {
        self.type = type
        self.name = name
        self.source = source
        self.destination = destination
        self.driver = driver
        self.mode = mode
        self.readWrite = readWrite
        self.propagation = propagation
    }

    enum CodingKeys: String, CodingKey {
        case type = "Type"
        case name = "Name"
        case source = "Source"
        case destination = "Destination"
        case driver = "Driver"
        case mode = "Mode"
        case readWrite = "RW"
        case propagation = "Propagation"
    }
}
