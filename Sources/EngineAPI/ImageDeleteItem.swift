/// One entry of `DELETE /images/{name}`; one of the two fields is set.
public struct ImageDeleteItem: Codable, Sendable, Equatable, Blank {
    /// A name that was removed.
    public var untagged: String?
    /// An image that was removed.
    public var deleted: String?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(untagged: String? = nil, deleted: String? = nil) {
        self.untagged = untagged
        self.deleted = deleted
    }

    enum CodingKeys: String, CodingKey {
        case untagged = "Untagged"
        case deleted = "Deleted"
    }
}
