// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// An image's configuration and layers: OCI image specification, manifest.md, and docker's manifest, schema 2.
public struct ImageManifest: Sendable, Hashable, Codable {
    public var schemaVersion: Int
    public var mediaType: String?
    public var artifactType: String?
    public var config: Descriptor
    /// Lowest first.
    public var layers: [Descriptor]
    public var annotations: [String: String]?

    public init(
        config: Descriptor, layers: [Descriptor], mediaType: String? = MediaType.ociManifest,
        annotations: [String: String]? = nil
    ) {
        schemaVersion = 2
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.annotations = annotations
    }
}
