/// `POST /containers/create`.
public struct ContainerCreateResponse: Codable, Sendable, Equatable, Blank {
    /// The container's id.
    @Lenient public var id: String
    /// What was asked for and is not kept.
    @Lenient public var warnings: [String]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(id: String = "", warnings: [String] = []) {
        self.id = id
        self.warnings = warnings
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case warnings = "Warnings"
    }
}
