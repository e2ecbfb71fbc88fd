import ContainerdAPI
import Foundation
import Metadata
import RPC
import Snapshots
import SystemPackage
import TestSupport
import Testing

@Suite("Snapshotter")
struct SnapshotterTests {
    private let scratch = ScratchFolder()
    private let metadata: MetadataStore
    private let snapshotter: Snapshotter
    private let scope = Scope(namespace: "test")

    init() throws {
        metadata = try MetadataStore(path: scratch.appending("meta.db").string)
        snapshotter = try Snapshotter(name: "overlayfs", root: scratch.path, metadata: metadata)
    }

    private func files(_ number: Int) -> String { "\(scratch.path)/snapshots/\(number)/fs" }

    @Test("Mounts have the form of containerd's overlayfs snapshotter")
    func mounts() async throws {
        let first = try await snapshotter.prepare("a", parent: "", labels: [:], in: scope)
        #expect(first.map(\.type) == ["bind"] && first[0].source == files(1) && first[0].options == ["rw", "rbind"])
        try await snapshotter.commit("a", as: "one", labels: [:], in: scope)
        let view = try await snapshotter.view("v", parent: "one", labels: [:], in: scope)
        #expect(view[0].type == "bind" && view[0].source == files(1) && view[0].options == ["ro", "rbind"])
        let second = try await snapshotter.prepare("b", parent: "one", labels: [:], in: scope)
        #expect(second[0].type == "overlay" && second[0].source == "overlay")
        #expect(
            second[0].options == [
                "workdir=\(scratch.path)/snapshots/3/work", "upperdir=\(files(3))", "lowerdir=\(files(1))",
            ])
        try await snapshotter.commit("b", as: "two", labels: [:], in: scope)
        let top = try await snapshotter.view("w", parent: "two", labels: [:], in: scope)
        #expect(top[0].options == ["lowerdir=\(files(3)):\(files(1))"])
        #expect(try await snapshotter.mounts("w", in: scope) == top)
        let empty = try await snapshotter.view("e", parent: "", labels: [:], in: scope)
        #expect(empty[0].options == ["ro", "rbind"])
    }

    @Test("Removing needs that nothing stands on it, and takes the folder along")
    func removing() async throws {
        _ = try await snapshotter.prepare("a", parent: "", labels: [:], in: scope)
        try await snapshotter.commit("a", as: "one", labels: [:], in: scope)
        _ = try await snapshotter.prepare("b", parent: "one", labels: [:], in: scope)
        do {
            try await snapshotter.remove("one", in: scope)
            Issue.record("removed")
        } catch {
            #expect((error as? RPCError)?.message == "cannot remove snapshot with child: failed precondition")
        }
        try await snapshotter.remove("b", in: scope)
        try await snapshotter.remove("one", in: scope)
        for _ in 0..<6000 where FileManager.default.fileExists(atPath: files(1)) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(!FileManager.default.fileExists(atPath: files(1)) && !FileManager.default.fileExists(atPath: files(2)))
    }

    @Test("Usage counts what the snapshot itself holds")
    func usage() async throws {
        _ = try await snapshotter.prepare("a", parent: "", labels: [:], in: scope)
        try Data(repeating: 1, count: 100_000).write(to: URL(filePath: files(1) + "/f"))
        let active = try await snapshotter.usage("a", in: scope)
        #expect(active.inodes == 2 && active.size >= 100_000)
        try await snapshotter.commit("a", as: "one", labels: [:], in: scope)
        _ = try await snapshotter.prepare("b", parent: "one", labels: [:], in: scope)
        #expect(try await snapshotter.usage("one", in: scope) == active)
        #expect(try await snapshotter.usage("b", in: scope).inodes == 1)
    }

    @Test("Folders that no record knows are removed, others stay")
    func leftovers() async throws {
        _ = try await snapshotter.prepare("a", parent: "", labels: [:], in: scope)
        let strays = ["snapshots/99", "snapshots/new-7"].map { scratch.appending($0).string }
        for stray in strays {
            try FileManager.default.createDirectory(atPath: stray + "/fs", withIntermediateDirectories: true)
        }
        try await snapshotter.removeLeftovers()
        for _ in 0..<6000 where strays.contains(where: FileManager.default.fileExists) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(
            !strays.contains(where: FileManager.default.fileExists) && FileManager.default.fileExists(atPath: files(1)))
    }

    @Test("A folder whose record did not come to the disk is in nobody's way")
    func lostRecord() async throws {
        try FileManager.default.createDirectory(atPath: files(1) + "/old", withIntermediateDirectories: true)
        _ = try await snapshotter.prepare("a", parent: "", labels: [:], in: scope)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files(1)).isEmpty)
    }
}
