/// One entry of `GET /images/json`.
public struct ImageSummary: Codable, Sendable, Equatable, Blank {
    /// The id.
    @Lenient public var id: String
    /// Empty.
    @Lenient public var parentID: String
    /// Names with tags.
    @Lenient public var repoTags: [String]
    /// Names with digests.
    @Lenient public var repoDigests: [String]
    /// Seconds since 1970.
    @Lenient public var created: Int64
    /// Bytes of all layers.
    @Lenient public var size: Int64
    /// Bytes of shared layers; -1 when not asked for.
    @Lenient public var sharedSize: Int64
    /// Labels.
    public var labels: [String: String]?
    /// Containers made from it; -1 when not asked for.
    @Lenient public var containers: Int

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case parentID = "ParentId"
        case repoTags = "RepoTags"
        case repoDigests = "RepoDigests"
        case created = "Created"
        case size = "Size"
        case sharedSize = "SharedSize"
        case labels = "Labels"
        case containers = "Containers"
    }
}
