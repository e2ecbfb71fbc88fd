import OCISpec
import Testing

@Suite struct ImageTests {
    @Test func dockerConfigurationIsRead() throws {
        let text = """
            {"architecture":"amd64","os":"linux","docker_version":"20.10","created":"2024-01-01T00:00:00Z","container":"x",
             "config":{"Env":["A=b"],"Cmd":["sh"],"Entrypoint":null,"ExposedPorts":{"80/tcp":{}},"Volumes":null,
             "WorkingDir":"/w","User":"1","Labels":{"l":"v"},"OnBuild":null,"Healthcheck":{"Test":["CMD","x"],"Interval":5}},
             "rootfs":{"type":"layers","diff_ids":["sha256:aa"]},"history":[{"created_by":"x","empty_layer":true}]}
            """
        let image: ImageConfiguration = try JSON.decode(from: Array(text.utf8))
        #expect(image.config?.exposedPorts?.keys.first == "80/tcp")
        #expect(image.config?.entrypoint == nil)
        #expect(image.config?.healthcheck?.interval == 5)
        #expect(image.rootfs.diffIDs == ["sha256:aa"])
        #expect(image.history?.first?.emptyLayer == true)
        #expect(try JSON.decode(ImageConfiguration.self, from: try JSON.encode(image)) == image)
    }

    @Test func indexKeepsPlatformsByTheirDottedNames() throws {
        let descriptor = Descriptor(
            mediaType: MediaType.ociManifest, digest: "sha256:bb", size: 3,
            platform: Platform(architecture: "arm64", osVersion: "10", variant: "v8"))
        let text = String(decoding: try JSON.encode(ImageIndex(manifests: [descriptor])), as: UTF8.self)
        #expect(text.contains(#""os.version":"10""#))
        #expect(try JSON.decode(ImageIndex.self, from: Array(text.utf8)).manifests == [descriptor])
    }

    @Test(
        arguments: [
            ("amd64", nil, "amd64", "v2", true), ("arm64", "v8", "arm64", nil, true), ("arm", "v7", "arm", "v6", false),
            ("amd64", nil, "arm64", nil, false),
        ] as [(String, String?, String, String?, Bool)])
    func platformRunsItsOwn(_ host: String, _ variant: String?, _ image: String, _ wanted: String?, _ runs: Bool) {
        let host = Platform(architecture: host, variant: variant)
        #expect(host.runs(Platform(architecture: image, variant: wanted)) == runs)
    }

    @Test func layersAreToldFromOtherBlobs() {
        #expect(MediaType.isLayer(MediaType.dockerLayerGzip))
        #expect(MediaType.isLayer(MediaType.ociLayerZstd))
        #expect(!MediaType.isLayer(MediaType.dockerConfiguration))
        #expect(!MediaType.isLayer("application/vnd.in-toto+json"))
        #expect(ImageLayout.blobPath("sha256:ab") == "blobs/sha256/ab")
    }
}
