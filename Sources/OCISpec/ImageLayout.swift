// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// The `oci-layout` file: OCI image specification, image-layout.md.
public struct ImageLayout: Sendable, Hashable, Codable {
    /// The file's name at the root of the layout.
    public static let fileName = "oci-layout"
    /// The index's name at the root of the layout.
    public static let indexName = "index.json"

    public var imageLayoutVersion: String

    public init(imageLayoutVersion: String = "1.0.0") { self.imageLayoutVersion = imageLayoutVersion }

    /// The path of a blob in a layout: `blobs/sha256/...`.
    public static func blobPath(_ digest: String) -> String {
        "blobs/" + digest.split(separator: ":", maxSplits: 1).joined(separator: "/")
    }
}
