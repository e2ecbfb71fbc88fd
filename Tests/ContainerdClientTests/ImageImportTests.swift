import Archive
import ContainerdAPI
import ContainerdClient
import OCISpec
import RPC
import SystemPackage
import Testing

@Suite struct ImageImportTests {
    private let layer = [UInt8](repeating: 7, count: 3_000_000)

    /// A tar of files and symbolic links, as an archive that arrives in pieces.
    private func archive(
        _ files: [(String, [UInt8])], links: [(String, String)] = [], compression: Compression = .none
    ) throws -> ByteChannel {
        var bytes: [UInt8] = []
        let writer = try ArchiveWriter(compression: compression) { bytes += Array($0) }
        for (name, content) in files {
            try writer.write(
                ArchiveEntry(path: FilePath(name), kind: .file, mode: 0o644, size: Int64(content.count)),
                content: content)
        }
        for (name, target) in links {
            try writer.write(
                ArchiveEntry(path: FilePath(name), kind: .symbolicLink, mode: 0o777, link: FilePath(target)))
        }
        try writer.finish()
        let channel = ByteChannel(limit: .max)
        for start in stride(from: 0, to: bytes.count, by: 100_000) {
            try channel.put(Array(bytes[start..<min(start + 100_000, bytes.count)]))
        }
        channel.end()
        return channel
    }

    private func configuration() throws -> [UInt8] {
        try JSON.encode(
            ImageConfiguration(config: .init(cmd: ["sh"]), rootfs: .init(diffIDs: [sha256(layer)])))
    }

    private func layoutFiles(name: String?, missingLayer: Bool = false) throws -> [(String, [UInt8])] {
        let config = try configuration()
        let manifest = try JSON.encode(
            ImageManifest(
                config: .init(mediaType: MediaType.ociConfiguration, digest: sha256(config), size: Int64(config.count)),
                layers: [.init(mediaType: MediaType.ociLayer, digest: sha256(layer), size: Int64(layer.count))]))
        var target = Descriptor(
            mediaType: MediaType.ociManifest, digest: sha256(manifest), size: Int64(manifest.count))
        if let name { target.annotations = [Descriptor.referenceName: name] }
        var files = [config, manifest].map { (ImageLayout.blobPath(sha256($0)), $0) }
        if !missingLayer { files.append((ImageLayout.blobPath(sha256(layer)), layer)) }
        return files + [
            (ImageLayout.indexName, try JSON.encode(ImageIndex(manifests: [target]))),
            (ImageLayout.fileName, try JSON.encode(ImageLayout())),
        ]
    }

    private func withServer(_ body: (MemoryServer) async throws -> Void) async throws {
        let server = try MemoryServer()
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        #expect(server.state.withLock { $0.leases.isEmpty && $0.ingests.isEmpty })
        await server.stop()
    }

    @Test(arguments: [Compression.none, .gzip, .zstd])
    func anImageLayoutIsTakenInWithItsLabels(compression: Compression) async throws {
        try await withServer { server in
            let images = try await server.client.importImages(
                archive(layoutFiles(name: "app:1"), compression: compression))
            #expect(images.map(\.name) == ["docker.io/library/app:1"])
            let labels = server.state.withLock { $0.labels[images[0].target.digest] }
            #expect(labels?["containerd.io/gc.ref.content.l.0"] == sha256(layer))
            #expect(labels?["containerd.io/gc.ref.content.config"] == sha256(try configuration()))
            // Once more: everything is there already.
            let again = try await server.client.importImages(archive(layoutFiles(name: "app:1")))
            #expect(again == images)
        }
    }

    @Test func aTagAloneNeedsABaseName() async throws {
        try await withServer { server in
            var images = try await server.client.importImages(archive(layoutFiles(name: "v1")))
            #expect(images.map(\.name) == [nil])
            images = try await server.client.importImages(
                archive(layoutFiles(name: "v1")), options: ImportOptions(baseName: "base"))
            #expect(images.map(\.name) == ["base:v1"])
        }
    }

    @Test func aDockerArchiveWithLinkedLayersIsTakenIn() async throws {
        try await withServer { server in
            let images = [DockerArchiveImage(config: "c.json", repoTags: ["a:1", "b/c:2"], layers: ["two/layer.tar"])]
            let files = [
                ("one/layer.tar", layer), ("c.json", try configuration()),
                (DockerArchiveImage.fileName, try JSON.encode(images)),
            ]
            let imported = try await server.client.importImages(
                archive(files, links: [("two/layer.tar", "../one/layer.tar")]))
            #expect(imported.map(\.name) == ["docker.io/library/a:1", "docker.io/b/c:2"])
            let manifest = try await server.client.manifest(of: imported[0].target).manifest
            #expect(manifest.layers.map(\.digest) == [sha256(layer)])
            #expect(manifest.layers.map(\.mediaType) == [MediaType.dockerLayer])
            #expect(server.state.withLock { $0.images.count } == 2)
        }
    }

    @Test func whatIsIncompleteOrDamagedIsRefusedAndLeavesNoName() async throws {
        try await withServer { server in
            func code(_ files: [(String, [UInt8])]) async throws -> RPCCode? {
                let channel = try archive(files)
                return await #expect(throws: RPCError.self) { try await server.client.importImages(channel) }?.code
            }
            #expect(try await code(layoutFiles(name: "x:1", missingLayer: true)) == .invalidArgument)
            #expect(try await code([("hello", [1])]) == .invalidArgument)
            var damaged = try layoutFiles(name: "x:1")
            damaged[2].1[0] = 8
            #expect(try await code(damaged) == .failedPrecondition)
            let garbage = ByteChannel()
            try garbage.put((0..<5000).map { _ in .random(in: 1...255) })
            garbage.end()
            let error = await #expect(throws: RPCError.self) { try await server.client.importImages(garbage) }
            #expect(error?.code == .invalidArgument)
            #expect(server.state.withLock { $0.images.isEmpty })
        }
    }

    @Test func aBlobThatWasBrokenOffGoesOnWhereItStopped() async throws {
        try await withServer { server in
            server.state.withLock { $0.ingests["half"] = Array(self.layer[..<1_500_000]) }
            let channel = ByteChannel(limit: .max)
            try channel.put(layer)
            channel.end()
            let blob = try await server.client.content.put(
                channel, reference: "half", size: Int64(layer.count), digest: sha256(layer))
            #expect(blob.digest == sha256(layer) && blob.size == Int64(layer.count))
            #expect(server.state.withLock { $0.blobs[blob.digest] } == layer)
        }
    }

    @Test func aServerThatGivesUpLeavesNothingBehind() async throws {
        try await withServer { server in
            server.state.withLock { $0.failsAfter = 500_000 }
            let channel = try archive(layoutFiles(name: "x:1"))
            let error = await #expect(throws: RPCError.self) { try await server.client.importImages(channel) }
            #expect(error == RPCError(.unavailable, "out of patience"))
        }
    }

    @Test func whatIsExportedCanBeImported() async throws {
        try await withServer { server in
            let images = try await server.client.importImages(archive(layoutFiles(name: "app:1")))
            let channel = ByteChannel()
            async let export: Void = server.client.exportImages(images, to: channel)
            var bytes: [UInt8] = []
            while let chunk = try await channel.next() { bytes += chunk }
            try await export
            try await withServer { other in
                let copy = ByteChannel(limit: .max)
                try copy.put(bytes)
                copy.end()
                #expect(try await other.client.importImages(copy) == images)
                #expect(other.state.withLock { $0.blobs } == server.state.withLock { $0.blobs })
            }
        }
    }
}
