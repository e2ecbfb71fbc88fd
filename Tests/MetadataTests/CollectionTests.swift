import ContainerdAPI
import Metadata
import RPC
import Testing

@Suite("Garbage collection")
struct CollectionTests {
    let store: TestStore

    init() throws { store = try TestStore() }

    private func content(_ character: Character, _ labels: [String: String] = [:], lease: String? = nil) async throws {
        _ = try await store.metadata.createContent(
            digest(character), size: 1, labels: labels, in: Scope(namespace: "test", lease: lease)
        ) {}
    }

    private func snapshot(_ key: String, parent: String = "", commit name: String? = nil, lease: String? = nil)
        async throws
    {
        let scope = Scope(namespace: "test", lease: lease)
        _ = try await store.metadata.createSnapshot(
            key, kind: .active, parent: parent, labels: [:], of: "overlayfs", in: scope
        ) { _ in }
        if let name {
            try await store.metadata.commitSnapshot(
                key, as: name, labels: [:], usage: (0, 0), of: "overlayfs", in: scope)
        }
    }

    private func left() async throws -> (content: [String], snapshots: [String]) {
        (
            try await store.metadata.content(matching: .all, in: store.scope).map { String($0.digest.last!) },
            try await store.metadata.snapshots(matching: .all, of: "overlayfs", in: store.scope).map(\.name)
        )
    }

    @Test("What an image refers to through labels stays, the rest goes")
    func images() async throws {
        try await content(
            "a", ["containerd.io/gc.ref.content.config": digest("b"), "containerd.io/gc.ref.content.l.0": digest("c")])
        try await content("b", ["containerd.io/gc.ref.snapshot.overlayfs": "top"])
        try await content("c")
        try await content("d")
        try await content("e", ["containerd.io/gc.root": "now"])
        try await snapshot("x1", commit: "bottom")
        try await snapshot("x2", parent: "bottom", commit: "top")
        try await snapshot("x3", parent: "bottom", commit: "side")
        _ = try await store.metadata.create(image("a", digest("a")), in: store.scope)
        let collected = try await store.metadata.collect()
        #expect(try await left() == (["a", "b", "c", "e"], ["bottom", "top"]))
        #expect(collected.content.map(\.digest) == [digest("d")])
        #expect(collected.snapshots.map(\.key) == ["side"])
        try await store.metadata.deleteImage("a", in: store.scope)
        _ = try await store.metadata.collect()
        #expect(try await left() == (["e"], []))
    }

    @Test("An image goes with what it refers to when its time is over, unless something refers to it")
    func expiredImages() async throws {
        for character in "abc" as String { try await content(character) }
        let past = ["containerd.io/gc.expire": "2020-01-01T00:00:00Z"]
        for (name, labels) in [
            ("a", past), ("b", past), ("c", ["containerd.io/gc.expire": "2999-01-01T00:00:00Z"]),
        ] {
            var image = image(name, digest(Character(name)))
            image.labels = labels
            _ = try await store.metadata.create(image, in: store.scope)
        }
        try await content("d", ["containerd.io/gc.root": "now", "containerd.io/gc.ref.image.base": "b"])
        let collected = try await store.metadata.collect()
        #expect(collected.images.map(\.name) == ["a"])
        #expect(try await store.metadata.images(matching: .all, in: store.scope).map(\.name) == ["b", "c"])
        #expect(try await left().content == ["b", "c", "d"])
    }

    @Test("A container keeps its snapshot")
    func containers() async throws {
        try await snapshot("x1", commit: "bottom")
        try await snapshot("key", parent: "bottom")
        var kept = container("c")
        kept.snapshotter = "overlayfs"
        kept.snapshotKey = "key"
        _ = try await store.metadata.create(kept, in: store.scope)
        _ = try await store.metadata.collect()
        #expect(try await left().snapshots == ["bottom", "key"])
        try await store.metadata.deleteContainer("c", in: store.scope)
        _ = try await store.metadata.collect()
        #expect(try await left().snapshots == [])
    }

    @Test("A lease keeps what was made under it until it ends")
    func leases() async throws {
        _ = try await store.metadata.createLease("l", labels: [:], in: store.scope)
        try await content("a", ["containerd.io/gc.ref.content": digest("b")], lease: "l")
        try await content("b")
        try await snapshot("key", commit: "done", lease: "l")
        _ = try await store.metadata.collect()
        #expect(try await left() == (["a", "b"], ["done"]))
        #expect(try await store.metadata.resources(ofLease: "l", in: store.scope).map(\.id).contains("done"))
        try await store.metadata.deleteLease("l", in: store.scope)
        _ = try await store.metadata.collect()
        #expect(try await left() == ([], []))
    }

    @Test("A lease keeps what was to be made under it and was there already")
    func writtenAgain() async throws {
        try await content("a")
        _ = try await store.metadata.createLease("l", labels: [:], in: store.scope)
        #expect(await code { try await content("a", lease: "l") } == .alreadyExists)
        _ = try await store.metadata.collect()
        #expect(try await left().content == ["a"])
    }

    @Test("A flat lease keeps what it names, but not what that refers to")
    func flatLeases() async throws {
        _ = try await store.metadata.createLease("l", labels: ["containerd.io/gc.flat": "now"], in: store.scope)
        try await content("a", ["containerd.io/gc.ref.content": digest("b")], lease: "l")
        try await content("b")
        try await snapshot("x1", commit: "bottom")
        try await snapshot("key", parent: "bottom", lease: "l")
        _ = try await store.metadata.collect()
        #expect(try await left() == (["a"], ["bottom", "key"]))
    }

    @Test("An expired lease keeps nothing")
    func expiry() async throws {
        _ = try await store.metadata.createLease(
            "old", labels: ["containerd.io/gc.expire": "2020-01-01T00:00:00Z"], in: store.scope)
        _ = try await store.metadata.createLease(
            "new", labels: ["containerd.io/gc.expire": "2200-01-01T00:00:00.5+01:00"], in: store.scope)
        try await content("a", lease: "old")
        try await content("b", lease: "new")
        #expect(try await store.metadata.collect().leases == 1)
        #expect(try await left().content == ["b"])
    }

    @Test("A lease that is not there keeps nothing from being made in its name")
    func unknownLease() async throws {
        #expect(await code { try await content("a", lease: "none") } == .notFound)
        #expect(try await left().content == [])
    }

    @Test("Snapshots refuse what containerd's refuse")
    func snapshotErrors() async throws {
        try await snapshot("a", commit: "done")
        try await snapshot("b", parent: "done")
        #expect(await code { try await snapshot("b") } == .alreadyExists)
        #expect(await code { try await snapshot("c", parent: "none") } == .notFound)
        #expect(await code { try await snapshot("c", parent: "b") } == .invalidArgument)
        #expect(await code { try await snapshot("d", commit: "done") } == .alreadyExists)
        let (metadata, scope) = (store.metadata, store.scope)
        #expect(
            await code { _ = try await metadata.removeSnapshot("done", of: "overlayfs", in: scope) }
                == .failedPrecondition)
        #expect(
            await code {
                try await metadata.commitSnapshot(
                    "done", as: "again", labels: [:], usage: (0, 0), of: "overlayfs", in: scope)
            } == .failedPrecondition)
        #expect(await code { _ = try await metadata.snapshot("none", of: "overlayfs", in: scope) } == .notFound)
        // Another snapshotter has names of its own.
        #expect(await code { _ = try await metadata.snapshot("done", of: "native", in: scope) } == .notFound)
    }
}
