// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// One image of a `docker save` archive: an element of its manifest.json (moby's image specification, combined image
/// JSON plus file system changeset format).
public struct DockerArchiveImage: Sendable, Hashable, Codable {
    /// The list's name at the root of the archive.
    public static let fileName = "manifest.json"

    /// Path of the image's configuration in the archive.
    public var config: String
    /// `name:tag`.
    public var repoTags: [String]?
    /// Paths of the layers' tars in the archive, lowest first.
    public var layers: [String]

    public init(config: String, repoTags: [String]?, layers: [String]) {
        self.config = config
        self.repoTags = repoTags
        self.layers = layers
    }

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
    }
}
