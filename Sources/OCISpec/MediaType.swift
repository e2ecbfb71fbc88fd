// Members are the specification's: it documents those that carry no comment here.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// Media types of image documents and layers: OCI image specification, media-types.md, and docker's schema 2.
public enum MediaType {
    public static let ociIndex = "application/vnd.oci.image.index.v1+json"
    public static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    public static let ociConfiguration = "application/vnd.oci.image.config.v1+json"
    public static let ociLayer = "application/vnd.oci.image.layer.v1.tar"
    public static let ociLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let ociLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"
    public static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerConfiguration = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"
    public static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    public static let dockerLayerZstd = "application/vnd.docker.image.rootfs.diff.tar.zstd"

    /// Whether a document of this type lists manifests by platform.
    public static func isIndex(_ type: String) -> Bool { type == ociIndex || type == dockerManifestList }

    /// Whether a document of this type names a configuration and layers.
    public static func isManifest(_ type: String) -> Bool { type == ociManifest || type == dockerManifest }

    /// Whether a document of this type is an image's configuration.
    public static func isConfiguration(_ type: String) -> Bool {
        type == ociConfiguration || type == dockerConfiguration
    }

    /// Whether a blob of this type is a layer's tar, compressed or not.
    public static func isLayer(_ type: String) -> Bool {
        type.hasPrefix(ociLayer) || type.hasPrefix(dockerLayer)
            || type.hasPrefix("application/vnd.docker.image.rootfs.foreign")
            || type.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
    }
}
