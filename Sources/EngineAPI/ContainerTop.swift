/// `GET /containers/{id}/top`.
public struct ContainerTop: Codable, Sendable, Equatable, Blank {
    /// The columns.
    @Lenient public var titles: [String]
    /// One row a process.
    @Lenient public var processes: [[String]]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(titles: [String] = [], processes: [[String]] = []) {
        self.titles = titles
        self.processes = processes
    }

    enum CodingKeys: String, CodingKey {
        case titles = "Titles"
        case processes = "Processes"
    }
}
