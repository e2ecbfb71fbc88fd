/// One entry of `GET /containers/{id}/changes`.
public struct FilesystemChange: Codable, Sendable, Equatable, Blank {
    /// The path inside.
    @Lenient public var path: String
    /// 0 changed, 1 added, 2 deleted.
    @Lenient public var kind: Int

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(path: String = "", kind: Int = 0) {
        self.path = path
        self.kind = kind
    }

    enum CodingKeys: String, CodingKey {
        case path = "Path"
        case kind = "Kind"
    }
}
