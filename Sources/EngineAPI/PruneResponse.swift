/// What a prune call removed; each kind of object fills its own field.
public struct PruneResponse: Codable, Sendable, Equatable, Blank {
    /// Containers' ids.
    public var containersDeleted: [String]?
    /// Images' names and ids.
    public var imagesDeleted: [ImageDeleteItem]?
    /// Volumes' names.
    public var volumesDeleted: [String]?
    /// Networks' names.
    public var networksDeleted: [String]?
    /// Bytes.
    @Lenient public var spaceReclaimed: Int64

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        containersDeleted: [String]? = nil, imagesDeleted: [ImageDeleteItem]? = nil, volumesDeleted: [String]? = nil,
        networksDeleted: [String]? = nil, spaceReclaimed: Int64 = 0
    ) {
        self.containersDeleted = containersDeleted
        self.imagesDeleted = imagesDeleted
        self.volumesDeleted = volumesDeleted
        self.networksDeleted = networksDeleted
        self.spaceReclaimed = spaceReclaimed
    }

    enum CodingKeys: String, CodingKey {
        case containersDeleted = "ContainersDeleted"
        case imagesDeleted = "ImagesDeleted"
        case volumesDeleted = "VolumesDeleted"
        case networksDeleted = "NetworksDeleted"
        case spaceReclaimed = "SpaceReclaimed"
    }
}
