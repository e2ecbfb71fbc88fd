/// Media types of layers.
enum LayerMediaType {
    static let tar = "application/vnd.oci.image.layer.v1.tar"
    static let gzip = "application/vnd.oci.image.layer.v1.tar+gzip"

    static func isLayer(_ mediaType: String) -> Bool {
        [
            tar, gzip, "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd",
            "application/vnd.docker.image.rootfs.foreign.diff.tar",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ].contains(mediaType)
    }
}
