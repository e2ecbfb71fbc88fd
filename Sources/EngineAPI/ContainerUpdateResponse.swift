/// `POST /containers/{id}/update`.
public struct ContainerUpdateResponse: Codable, Sendable, Equatable, Blank {
    /// What is not kept.
    @Lenient public var warnings: [String]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(warnings: [String] = []) {
        self.warnings = warnings
    }

    enum CodingKeys: String, CodingKey {
        case warnings = "Warnings"
    }
}
