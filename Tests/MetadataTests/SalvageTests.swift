import ContainerdAPI
import Foundation
import GRDB
import Metadata
import RPC
import Synchronization
import TestSupport
import Testing

@Suite("A damaged database")
struct SalvageTests {
    private let scratch = ScratchFolder()
    let scope = Scope(namespace: "test")
    var path: String { scratch.appending("meta.db").string }

    private func filled() async throws {
        let store = try MetadataStore(path: path)
        #expect(store.salvage == nil)
        for index in 0..<400 {
            _ = try await store.create(image("image-\(1000 + index)", digest("a")), in: scope)
        }
        _ = try await store.createSnapshot(
            "s", kind: .active, parent: "", labels: [:], of: "overlayfs", in: scope
        ) { _ in }
        try store.close()
    }

    private func overwrite(page: Int, with bytes: [UInt8]) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: UInt64(page * 4096))
        try file.write(contentsOf: bytes)
        try file.close()
    }

    @Test("What can be read around a damaged page is taken over, and the damaged file is kept")
    func page() async throws {
        try await filled()
        // A leaf of the images' table: it has neighbours in it, which the pages above have not.
        let data = try Data(contentsOf: URL(filePath: path))
        let place = try #require(
            (1..<data.count / 4096).first { page in
                let page = data[page * 4096..<(page + 1) * 4096]
                return [1200, 1201, 1202].allSatisfy { page.range(of: Data("image-\($0)".utf8)) != nil }
            })
        try overwrite(page: place, with: [UInt8](repeating: 0xA5, count: 4096))
        let store = try MetadataStore(path: path)
        let salvage = try #require(store.salvage)
        let names = Set(try await store.images(matching: .all, in: scope).map(\.name))
        #expect((301..<400).contains(names.count))
        #expect(names.isSuperset(of: ["image-1000", "image-1399"]))
        #expect(salvage.records["images"] == names.count && salvage.records["snapshots"] == 1)
        #expect(FileManager.default.fileExists(atPath: salvage.damaged))
        // Nobody knows what the lost images referred to: nothing goes.
        #expect(try await store.collect().isEmpty)
        _ = try await store.create(image("new", digest("b")), in: scope)
        try store.close()
        #expect(try MetadataStore(path: path).salvage == nil)
    }

    @Test("A file that is no database at all is put aside")
    func header() async throws {
        try await filled()
        try overwrite(page: 0, with: [UInt8](repeating: 0, count: 4096))
        let store = try MetadataStore(path: path)
        #expect(store.salvage?.records.values.reduce(0, +) == 0)
        #expect(try await store.images(matching: .all, in: scope).isEmpty)
    }

    /// Makes the message of an image's record something that is none.
    private static func damage(_ name: String, _ store: MetadataStore) async throws {
        try await store.write {
            try $0.execute(sql: "UPDATE images SET message = x'0a07ff' WHERE name = ?", arguments: [name])
        }
    }

    @Test("A record that SQLite takes for whole and that is none is left out, told, and let go at the next start")
    func record() async throws {
        let reports = Mutex<[String]>([])
        let store = try MetadataStore(path: path) { report in reports.withLock { $0.append(report) } }
        for name in ["a", "b", "c"] { _ = try await store.create(image(name, digest("a")), in: scope) }
        _ = try await store.createContent(digest("f"), size: 1, labels: [:], in: scope) {}
        try await Self.damage("b", store)
        for _ in 0..<3 {
            #expect(try await store.images(matching: .all, in: scope).map(\.name) == ["a", "c"])
        }
        #expect(reports.withLock { $0.count } == 1)
        #expect(await code { _ = try await store.image("b", in: scope) } == .dataLoss)
        // What it referred to is not known: nothing goes.
        #expect(await code { _ = try await store.collect() } == .dataLoss)
        try store.close()
        let again = try MetadataStore(path: path)
        #expect(again.salvage?.records["images"] == 2)
        #expect(await code { _ = try await again.image("b", in: scope) } == .notFound)
        #expect(try await again.collect().isEmpty)
        #expect(try await again.content(digest("f"), in: scope).size == 1)
    }

    @Test("Numbers of lost snapshots are not given again")
    func numbers() async throws {
        let store = try MetadataStore(path: path)
        try await store.skipSnapshotNumbers(upTo: 41)
        try await store.skipSnapshotNumbers(upTo: 7)
        let record = try await store.createSnapshot(
            "s", kind: .active, parent: "", labels: [:], of: "overlayfs", in: scope
        ) { _ in }
        #expect(record.number == 42)
    }
}
