/// The body of every answer with a status of 400 or more.
public struct ErrorResponse: Codable, Sendable, Equatable, Blank {
    /// What went wrong, naming the object.
    @Lenient public var message: String

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(message: String = "") {
        self.message = message
    }

    enum CodingKeys: String, CodingKey {
        case message
    }
}
