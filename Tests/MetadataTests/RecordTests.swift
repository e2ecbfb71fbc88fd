import ContainerdAPI
import GRDB
import Metadata
import RPC
import SwiftProtobuf
import Testing

@Suite("Records")
struct RecordTests {
    let store: TestStore

    init() throws { store = try TestStore() }

    @Test("Images are named once in a namespace, and apart from those of others")
    func images() async throws {
        let (metadata, scope) = (store.metadata, store.scope)
        _ = try await metadata.create(image("a", digest("a")), in: scope)
        #expect(await code { _ = try await metadata.create(image("a", digest("b")), in: scope) } == .alreadyExists)
        _ = try await metadata.create(image("a", digest("b")), in: Scope(namespace: "other"))
        #expect(try await metadata.image("a", in: scope).target.digest == digest("a"))
        #expect(try await metadata.images(matching: Filter(["name==a"]), in: scope).count == 1)
        try await metadata.deleteImage("a", in: scope)
        #expect(await code { try await metadata.deleteImage("a", in: scope) } == .notFound)
        #expect(try await metadata.images(matching: .all, in: Scope(namespace: "other")).count == 1)
    }

    @Test("An image without digest, size or media type is refused")
    func invalidImages() async {
        let metadata = store.metadata
        for change: @Sendable (inout Image) -> Void in [
            { $0.name = "" }, { $0.target.digest = "sha256:x" }, { $0.target.size = 0 }, { $0.target.mediaType = "" },
            { $0.labels["k"] = String(repeating: "x", count: 5000) },
        ] {
            var broken = image("a", digest("a"))
            change(&broken)
            let tried = broken
            #expect(
                await code { _ = try await metadata.create(tried, in: Scope(namespace: "test")) } == .invalidArgument)
        }
    }

    @Test("A field mask changes what it names and nothing else")
    func masks() async throws {
        let (metadata, scope) = (store.metadata, store.scope)
        var first = container("c")
        first.labels = ["a": "1", "b": "2"]
        first.image = "old"
        _ = try await metadata.create(first, in: scope)
        var change = container("c")
        change.labels = ["a": "9", "c": "3"]
        change.image = "new"
        var mask = Google_Protobuf_FieldMask()
        mask.paths = ["labels.a", "labels.b"]
        var updated = try await metadata.update(change, mask: mask, in: scope)
        #expect(updated.labels == ["a": "9"] && updated.image == "old")
        mask.paths = ["image", "snapshot_key"]
        change.snapshotKey = "key"
        change.snapshotter = "overlayfs"
        #expect(await code { _ = try await metadata.update(change, mask: mask, in: scope) } == .invalidArgument)
        mask.paths = ["image"]
        updated = try await metadata.update(change, mask: mask, in: scope)
        #expect(updated.image == "new" && updated.labels == ["a": "9"])
        mask.paths = ["runtime"]
        #expect(await code { _ = try await metadata.update(change, mask: mask, in: scope) } == .invalidArgument)
        var other = container("c")
        other.runtime.name = "other"
        let tried = other
        #expect(await code { _ = try await metadata.update(tried, mask: nil, in: scope) } == .invalidArgument)
    }

    @Test("A container that is not there is named with its namespace, as clients expect")
    func missingContainer() async {
        do {
            _ = try await store.metadata.container("x", in: store.scope)
            Issue.record("found")
        } catch {
            #expect((error as? RPCError)?.message == #"container "x" in namespace "test": not found"#)
        }
    }

    @Test("A namespace that holds something is not deleted")
    func namespaces() async throws {
        let (metadata, scope) = (store.metadata, store.scope)
        _ = try await metadata.create(image("a", digest("a")), in: scope)
        do {
            try await metadata.deleteNamespace("test")
            Issue.record("deleted")
        } catch {
            #expect(
                (error as? RPCError)?.message
                    == #"namespace "test" must be empty, but it still has images: failed precondition"#)
        }
        try await metadata.deleteImage("a", in: scope)
        try await metadata.deleteNamespace("test")
        #expect(try await metadata.namespaces().isEmpty)
    }

    @Test(
        "Identifiers are letters and digits with single separators between",
        arguments: ["a", "a-b", "A1_b.c", String(repeating: "x", count: 76)])
    func identifiers(text: String) throws { try Identifier.validate(text) }

    @Test(
        "What is no identifier is refused",
        arguments: ["", "-a", "a-", "a--b", "a/b", "ä", String(repeating: "x", count: 77)])
    func invalidIdentifiers(text: String) { #expect(throws: RPCError.self) { try Identifier.validate(text) } }

    @Test("What was acknowledged is there when the database is opened again")
    func reopening() async throws {
        _ = try await store.metadata.create(container("c"), in: store.scope)
        let again = try MetadataStore(path: store.path)
        #expect(try await again.container("c", in: store.scope).id == "c")
    }

    @Test("SQLite waits for the disk before a change is acknowledged")
    func synchronous() async throws {
        let level = try await store.metadata.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(level == 2)
    }
}
