/// One entry of `GET /images/{name}/history`.
public struct ImageHistoryItem: Codable, Sendable, Equatable, Blank {
    /// The image's id, or `<missing>`.
    @Lenient public var id: String
    /// Seconds since 1970.
    @Lenient public var created: Int64
    /// The command that made the layer.
    @Lenient public var createdBy: String
    /// Names with tags.
    public var tags: [String]?
    /// Bytes.
    @Lenient public var size: Int64
    /// A comment.
    @Lenient public var comment: String

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        id: String = "", created: Int64 = 0, createdBy: String = "", tags: [String]? = nil, size: Int64 = 0,
        comment: String = ""
    ) {
        self.id = id
        self.created = created
        self.createdBy = createdBy
        self.tags = tags
        self.size = size
        self.comment = comment
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case created = "Created"
        case createdBy = "CreatedBy"
        case tags = "Tags"
        case size = "Size"
        case comment = "Comment"
    }
}
