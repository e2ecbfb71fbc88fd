/// The answer of calls that make one object.
public struct IDResponse: Codable, Sendable, Equatable, Blank {
    /// The new object's id.
    @Lenient public var id: String

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(id: String = "") {
        self.id = id
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
    }
}
