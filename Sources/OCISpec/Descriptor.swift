// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// A reference to content by digest: OCI image specification, descriptor.md.
public struct Descriptor: Sendable, Hashable, Codable {
    public var mediaType: String
    /// `sha256:...`.
    public var digest: String
    /// Bytes.
    public var size: Int64
    public var urls: [String]?
    public var annotations: [String: String]?
    public var platform: Platform?
    public var artifactType: String?

    public init(
        mediaType: String, digest: String, size: Int64, urls: [String]? = nil, annotations: [String: String]? = nil,
        platform: Platform? = nil, artifactType: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.annotations = annotations
        self.platform = platform
        self.artifactType = artifactType
    }

    /// Annotations that name an image in an index (OCI image specification, annotations.md; containerd).
    public static let referenceName = "org.opencontainers.image.ref.name"
    /// The full image name, as containerd writes it.
    public static let containerdImageName = "io.containerd.image.name"
}
