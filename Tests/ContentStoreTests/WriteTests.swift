import ContainerdAPI
import ContentStore
import Crypto
import Foundation
import Metadata
import RPC
import SystemPackage
import TestSupport
import Testing

@Suite("Content")
struct WriteTests {
    private let scratch = ScratchFolder()
    private let metadata: MetadataStore
    private let store: ContentStore
    private let scope = Scope(namespace: "test")

    init() throws {
        metadata = try MetadataStore(path: scratch.appending("meta.db").string)
        store = try ContentStore(root: scratch.appending("content"), metadata: metadata)
    }

    private func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }

    @discardableResult
    private func put(_ bytes: [UInt8], ref: String = "ref", in scope: Scope? = nil) async throws -> String {
        let writer = try await store.writer(ref, total: 0, expected: "", in: scope ?? self.scope)
        try await writer.write(bytes)
        return try await writer.commit(size: 0, expected: "", labels: ["k": "v"]).digest
    }

    private func code(_ body: () async throws -> Void) async -> RPCCode? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RPCError)?.code ?? .unknown
        }
    }

    private func blobs() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: scratch.appending("content/blobs/sha256").string))
            ?? []
    }

    @Test("What was written is read by its digest")
    func roundTrip() async throws {
        let bytes: [UInt8] = Array("hello".utf8)
        let name = try await put(bytes)
        #expect(name == digest(bytes))
        let blob = try await store.open(name, in: scope)
        #expect(try blob.read(at: 0, count: 100) == bytes && blob.read(at: 5, count: 1).isEmpty)
        #expect(try await store.info(name, in: scope).labels == ["k": "v"])
        #expect(store.statuses(matching: .all, in: scope).isEmpty)
    }

    @Test("A write is resumed where it was interrupted, and its digest covers all of it")
    func resume() async throws {
        let first = try await store.writer("r", total: 6, expected: "", in: scope)
        try await first.write([1, 2, 3])
        await first.close()
        let status = try store.status("r", in: scope)
        #expect(status.offset == 3 && status.total == 6 && status.hasStartedAt)
        let second = try await store.writer("r", total: 0, expected: "", in: scope)
        #expect(await second.status().offset == 3)
        try await second.write([4, 5, 6])
        let info = try await second.commit(size: 6, expected: digest([1, 2, 3, 4, 5, 6]), labels: [:])
        #expect(info.size == 6)
    }

    @Test("One reference has one writer")
    func locking() async throws {
        let writer = try await store.writer("r", total: 0, expected: "", in: scope)
        do {
            _ = try await store.writer("r", total: 0, expected: "", in: scope)
            Issue.record("two writers")
        } catch {
            #expect((error as? RPCError) == RPCError(.unavailable, "ref r locked: unavailable"))
        }
        _ = try await store.writer("r", total: 0, expected: "", in: Scope(namespace: "other"))
        await writer.close()
        _ = try await store.writer("r", total: 0, expected: "", in: scope)
    }

    @Test("Another size or digest than said is refused")
    func mismatch() async throws {
        let writer = try await store.writer("r", total: 0, expected: "", in: scope)
        try await writer.write([1])
        #expect(await code { _ = try await writer.commit(size: 2, expected: "", labels: [:]) } == .failedPrecondition)
        let again = try await store.writer("r", total: 0, expected: "", in: scope)
        #expect(
            await code { _ = try await again.commit(size: 0, expected: digest([2]), labels: [:]) }
                == .failedPrecondition)
        #expect(await code { try await again.write([1]) } == .failedPrecondition)
        #expect(blobs().isEmpty)
    }

    @Test("What is there already is not written again")
    func existing() async throws {
        let name = try await put([1, 2])
        #expect(await code { _ = try await store.writer("r", total: 0, expected: name, in: scope) } == .alreadyExists)
        #expect(await code { try await put([1, 2]) } == .alreadyExists)
        #expect(store.statuses(matching: .all, in: scope).isEmpty)
    }

    @Test("A blob of another namespace is taken over without being sent, and goes with its last namespace")
    func sharing() async throws {
        let other = Scope(namespace: "other")
        let name = try await put([1, 2], in: other)
        #expect(await code { _ = try await store.info(name, in: scope) } == .notFound)
        let writer = try await store.writer("r", total: 2, expected: name, in: scope)
        #expect(await writer.status().offset == 2)
        _ = try await writer.commit(size: 2, expected: name, labels: [:])
        try await store.delete(name, in: other)
        #expect(blobs().count == 1)
        #expect(await code { _ = try await store.open(name, in: other) } == .notFound)
        try await store.delete(name, in: scope)
        #expect(blobs().isEmpty)
    }

    @Test("Truncating starts over")
    func truncating() async throws {
        let writer = try await store.writer("r", total: 0, expected: "", in: scope)
        try await writer.write([9, 9])
        try await writer.truncate()
        try await writer.write([1])
        #expect(try await writer.commit(size: 1, expected: digest([1]), labels: [:]).size == 1)
    }

    @Test("An aborted write is gone, and one that is under way cannot be aborted")
    func aborting() async throws {
        let writer = try await store.writer("r", total: 0, expected: "", in: scope)
        #expect(await code { try store.abort("r", in: scope) } == .unavailable)
        await writer.close()
        try store.abort("r", in: scope)
        #expect(await code { _ = try store.status("r", in: scope) } == .notFound)
        #expect(await code { try store.abort("r", in: scope) } == .notFound)
    }

    @Test("Files without a record are removed, others stay")
    func leftovers() async throws {
        let name = try await put([1])
        let folder = URL(filePath: scratch.appending("content/blobs/sha256").string)
        try Data([2]).write(to: folder.appending(path: String(digest([2]).dropFirst(7))))
        try await store.removeLeftovers(kept: [])
        #expect(blobs() == [String(name.dropFirst(7))])
    }

    @Test(
        "What is no digest is an invalid argument", arguments: ["", "sha256:", "sha256:../../../etc/passwd", "md5:00"])
    func invalid(text: String) async {
        #expect(await code { _ = try await store.info(text, in: scope) } == .invalidArgument)
    }
}
