import Archive
import ContainerdAPI
import Foundation
import GRPC
import RPC
import Testing

@Suite("Services")
struct ServiceTests {
    private func with(_ body: (Fixture) async throws -> Void) async throws {
        let fixture = try await Fixture.start()
        do {
            try await body(fixture)
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    @Test("A call without a namespace is refused")
    func namespaceRequired() async throws {
        try await with { fixture in
            let error = await failure { _ = try await fixture.channel.call(ImagesService.list, .init()) }
            #expect(error == RPCError(.failedPrecondition, "namespace is required: failed precondition"))
        }
    }

    @Test("A write stream answers as containerd's: status, write at the offset only, commit")
    func writeStream() async throws {
        try await with { fixture in
            let responses = try await fixture.write([
                .with {
                    $0.action = .stat
                    $0.ref = "r"
                    $0.total = 4
                },
                .with {
                    $0.action = .write
                    $0.data = Data([1, 2])
                },
                .with {
                    $0.action = .write
                    $0.offset = 2
                    $0.data = Data([3, 4])
                },
                .with {
                    $0.action = .commit
                    $0.offset = 4
                    $0.total = 4
                    $0.expected = digest([1, 2, 3, 4])
                    $0.labels = ["k": "v"]
                },
            ])
            #expect(responses.map(\.offset) == [0, 2, 4, 4])
            #expect(responses[0].total == 4 && responses[1].digest == digest([1, 2]))
            #expect(responses[3].digest == digest([1, 2, 3, 4]))
            let info = try await fixture.call(ContentService.info) { $0.digest = digest([1, 2, 3, 4]) }.info
            #expect(info.size == 4 && info.labels == ["k": "v"])
        }
    }

    @Test("A write elsewhere than at the current offset is out of range")
    func offsets() async throws {
        try await with { fixture in
            let error = await failure {
                _ = try await fixture.write([
                    .with {
                        $0.action = .write
                        $0.ref = "r"
                        $0.data = Data([1])
                    },
                    .with {
                        $0.action = .write
                        $0.offset = 7
                        $0.data = Data([1])
                    },
                ])
            }
            #expect(error == RPCError(.outOfRange, "write @7 must occur at current offset 1"))
            let none = await failure { _ = try await fixture.write([.with { $0.action = .stat }]) }
            #expect(none == RPCError(.invalidArgument, "first message must have a reference"))
        }
    }

    @Test("A read gives the part that was asked for, and past the end is out of range")
    func reading() async throws {
        try await with { fixture in
            let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
            let name = try await fixture.put(bytes)
            var read = Data()
            let stream = try fixture.channel.call(
                ContentService.read,
                .with {
                    $0.digest = name
                    $0.offset = 5
                    $0.size = 600_000
                }, options: fixture.options)
            for try await part in stream { read.append(part.data) }
            #expect(Array(read) == Array(bytes[5..<600_005]))
            let error = await failure {
                let stream = try fixture.channel.call(
                    ContentService.read,
                    .with {
                        $0.digest = name
                        $0.offset = 700_001
                    }, options: fixture.options)
                for try await _ in stream {}
            }
            #expect(error == RPCError(.outOfRange, "read past object length 700000 bytes"))
        }
    }

    @Test(
        "A layer is applied to a snapshot and comes back as the difference",
        arguments: [Compression.none, .gzip, .zstd])
    func diff(compression: Compression) async throws {
        try await with { fixture in
            let entries: (ArchiveWriter) throws -> Void = {
                try $0.write(ArchiveEntry(path: "bin", kind: .folder, mode: 0o755))
                try $0.write(
                    ArchiveEntry(path: "bin/su", kind: .file, mode: 0o4755, groupID: 7), content: Array("su".utf8))
            }
            let plain = try tar(.none, entries)
            let blob = try await fixture.put(tar(compression, entries))
            let mounts = try await fixture.call(SnapshotsService.prepare) {
                $0.snapshotter = "overlayfs"
                $0.key = "k"
            }.mounts
            let applied = try await fixture.call(DiffService.apply) {
                $0.diff.digest = blob
                $0.diff.mediaType = "application/vnd.oci.image.layer.v1.tar"
                $0.mounts = mounts
            }.applied
            #expect(applied.digest == digest(plain) && applied.size == Int64(plain.count))
            let created = try await fixture.call(DiffService.diff) {
                $0.right = mounts
                $0.mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
                $0.ref = "d"
            }.diff
            #expect(created.size > 0)
            let info = try await fixture.call(ContentService.info) { $0.digest = created.digest }.info
            #expect(info.labels["containerd.io/uncompressed"] == digest(plain))
        }
    }

    @Test("A layer made for a date has nothing younger in it, and is the same when it is made anew")
    func sourceDate() async throws {
        try await with { fixture in
            let time = { ArchiveEntry.Time(seconds: $0) }
            func entries(_ young: Int64) -> (ArchiveWriter) throws -> Void {
                {
                    try $0.write(ArchiveEntry(path: "old", kind: .file, mode: 0o644, modified: time(1000)))
                    try $0.write(ArchiveEntry(path: "young", kind: .file, mode: 0o644, modified: time(young)))
                }
            }
            let expected = try tar(.none, entries(5000))
            for (key, young) in [("a", 6000), ("b", 7000)] as [(String, Int64)] {
                let blob = try await fixture.put(tar(.none, entries(young)), ref: key)
                let mounts = try await fixture.call(SnapshotsService.prepare) {
                    $0.snapshotter = "overlayfs"
                    $0.key = key
                }.mounts
                _ = try await fixture.call(DiffService.apply) {
                    $0.diff.digest = blob
                    $0.diff.mediaType = "application/vnd.oci.image.layer.v1.tar"
                    $0.mounts = mounts
                }
                let created = try await fixture.call(DiffService.diff) {
                    $0.right = mounts
                    $0.mediaType = "application/vnd.oci.image.layer.v1.tar"
                    $0.sourceDateEpoch.seconds = 5000
                }.diff
                #expect(created.digest == digest(expected))
            }
        }
    }

    @Test("An image is as old as its source date, and goes by itself when its time is over")
    func imageTimes() async throws {
        try await with { fixture in
            let time = Date(timeIntervalSinceNow: 1).formatted(.iso8601)
            let image = try await fixture.call(ImagesService.create) {
                $0.image.name = "a"
                $0.image.target.mediaType = "text/plain"
                $0.image.target.digest = "sha256:" + String(repeating: "a", count: 64)
                $0.image.target.size = 1
                $0.image.labels = ["containerd.io/gc.expire": time]
                $0.sourceDateEpoch.seconds = 5000
            }.image
            #expect(image.createdAt.seconds == 5000 && image.updatedAt.seconds == 5000)
            for _ in 0..<20_000 {
                if await failure({ _ = try await fixture.call(ImagesService.get) { $0.name = "a" } }) != nil { return }
                try await Task.sleep(for: .milliseconds(10))
            }
            Issue.record("the image stays")
        }
    }

    @Test("A layer that leads out of its folder is refused")
    func hostileLayer() async throws {
        try await with { fixture in
            let blob = try await fixture.put(
                tar(.none) { try $0.write(ArchiveEntry(path: "../../evil", kind: .file, mode: 0o644)) })
            let mounts = try await fixture.call(SnapshotsService.prepare) {
                $0.snapshotter = "native"
                $0.key = "k"
            }.mounts
            let error = await failure {
                _ = try await fixture.call(DiffService.apply) {
                    $0.diff.digest = blob
                    $0.diff.mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
                    $0.mounts = mounts
                }
            }
            #expect(error?.code == .invalidArgument)
            let other = await failure {
                _ = try await fixture.call(DiffService.apply) {
                    $0.diff.digest = blob
                    $0.diff.mediaType = "text/plain"
                    $0.mounts = mounts
                }
            }
            #expect(other?.code == .unimplemented)
        }
    }

    @Test("A subscriber sees what happens from its subscription on, filtered")
    func events() async throws {
        try await with { fixture in
            let stream = try await fixture.channel.start(
                EventsService.subscribe,
                .with { $0.filters = ["topic==/namespaces/create,event.name~=^b"] }, options: fixture.options)
            for name in ["a", "b", "c"] {
                _ = try await fixture.call(NamespacesService.create) { $0.namespace.name = name }
            }
            _ = try await fixture.call(EventsService.publish) {
                $0.topic = "/namespaces/create"
                $0.event.typeURL = "containerd.events.NamespaceCreate"
                $0.event.value = try! Containerd_Events_NamespaceCreate.with { $0.name = "bb" }.serializedData()
            }
            var iterator = stream.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect(first.namespace == "b" && first.event.typeURL == "containerd.events.NamespaceCreate")
            let second = try #require(try await iterator.next())
            #expect(second.namespace == "test")
        }
    }

    @Test("What is made under a lease outlives a collection, and goes with the lease")
    func leases() async throws {
        try await with { fixture in
            _ = try await fixture.call(LeasesService.create) { $0.id = "l" }
            let leased = CallOptions(
                metadata: ["containerd-namespace": "test", "containerd-lease": "l"], timeout: .seconds(300))
            _ = try await fixture.channel.call(
                SnapshotsService.prepare,
                .with {
                    $0.snapshotter = "overlayfs"
                    $0.key = "kept"
                }, options: leased)
            _ = try await fixture.call(SnapshotsService.prepare) {
                $0.snapshotter = "overlayfs"
                $0.key = "lost"
            }
            _ = try await fixture.call(LeasesService.create) { $0.id = "other" }
            _ = try await fixture.call(LeasesService.delete) {
                $0.id = "other"
                $0.sync = true
            }
            let stat: (String) async -> RPCCode? = { key in
                await failure {
                    _ = try await fixture.call(SnapshotsService.stat) {
                        $0.snapshotter = "overlayfs"
                        $0.key = key
                    }
                }?.code
            }
            #expect(await stat("kept") == nil)
            #expect(await stat("lost") == .notFound)
            _ = try await fixture.call(LeasesService.delete) {
                $0.id = "l"
                $0.sync = true
            }
            #expect(await stat("kept") == .notFound)
        }
    }

    @Test("Tasks that are not there, and runtimes that are not there, are named")
    func tasks() async throws {
        try await with { fixture in
            let missing = await failure { _ = try await fixture.call(TasksService.get) { $0.containerID = "x" } }
            #expect(missing == RPCError(.notFound, "task x not found"))
            let nobody = await failure { _ = try await fixture.call(TasksService.create) { $0.containerID = "x" } }
            #expect(nobody?.message == #"container "x" in namespace "test": not found"#)
            _ = try await fixture.call(ContainersService.create) {
                $0.container.id = "x"
                $0.container.runtime.name = "io.containerd.none.v1"
                $0.container.spec.value = Data("{}".utf8)
            }
            let absent = await failure { _ = try await fixture.call(TasksService.create) { $0.containerID = "x" } }
            #expect(absent?.code == .unknown)
            #expect(
                absent?.message
                    == "failed to start shim: failed to resolve runtime path: runtime \"io.containerd.none.v1\" binary not "
                    + "installed \"containerd-shim-none-v1\": file does not exist")
            #expect(try await fixture.call(TasksService.list) { _ in }.tasks.isEmpty)
            let checkpoint = await failure {
                _ = try await fixture.call(TasksService.create) {
                    $0.containerID = "x"
                    $0.checkpoint.digest = "sha256:x"
                }
            }
            #expect(checkpoint?.code == .unimplemented)
        }
    }

    @Test("A second manager on the same root is refused")
    func secondManager() async throws {
        try await with { fixture in
            let error = await failure { _ = try await fixture.another() }
            #expect(error?.code == .failedPrecondition && error?.message.contains("is in use by another") == true)
        }
    }
}
