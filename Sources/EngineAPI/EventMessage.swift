/// One line of `GET /events`.
public struct EventMessage: Codable, Sendable, Equatable, Blank {
    /// The action again, where clients older than API 1.22 look for it.
    public var status: String?
    /// The object's id again, for the same clients.
    public var id: String?
    /// The image, for the same clients.
    public var from: String?
    /// The kind of object: `container`, `image`, `volume`, `network`, `daemon`.
    @Lenient public var type: String
    /// What happened: `create`, `start`, `die`, `exec_start: ls`, ...
    @Lenient public var action: String
    /// The object.
    @Lenient public var actor: EventActor
    /// `local`.
    @Lenient public var scope: String
    /// Seconds since 1970.
    @Lenient public var time: Int64
    /// Nanoseconds since 1970.
    @Lenient public var timeNano: Int64

    /// All fields blank.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case status
        case id
        case from
        case type = "Type"
        case action = "Action"
        case actor = "Actor"
        case scope
        case time
        case timeNano
    }
}

/// The object of an event.
public struct EventActor: Codable, Sendable, Equatable, Blank {
    /// Its id.
    @Lenient public var id: String
    /// Its labels, and facts such as `name`, `image`, `exitCode`.
    @Lenient public var attributes: [String: String]

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(id: String = "", attributes: [String: String] = [:]) {
        self.id = id
        self.attributes = attributes
    }

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case attributes = "Attributes"
    }
}
