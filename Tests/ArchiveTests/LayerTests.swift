import Archive
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Layers")
struct LayerTests {
    let home = ScratchFolder()

    private func file(_ path: String, _ mode: UInt32 = 0o644, uid: UInt32 = 0, gid: UInt32 = 0) -> ArchiveEntry {
        ArchiveEntry(
            path: FilePath(path), kind: .file, mode: mode, userID: uid, groupID: gid, modified: .init(seconds: 1000))
    }

    private func folder(_ path: String, _ mode: UInt32 = 0o755) -> ArchiveEntry {
        ArchiveEntry(path: FilePath(path), kind: .folder, mode: mode, modified: .init(seconds: 2000))
    }

    private func link(_ path: String, to target: String) -> ArchiveEntry {
        ArchiveEntry(path: FilePath(path), kind: .symbolicLink, mode: 0o777, link: FilePath(target))
    }

    @Test("Names that lead out are refused", arguments: ["/etc/x", "../x", "a/../../x", "a/.."])
    func escapes(name: String) throws {
        let root = home.folder("root")
        let bytes = try tar { try $0.write(file(name)) }
        #expect(throws: ArchiveError.self) { try unpack(bytes, into: root) }
    }

    @Test("A link to the outside is kept but never followed")
    func links() throws {
        let (root, outside) = (home.folder("root"), home.folder("outside"))
        let bytes = try tar {
            try $0.write(link("out", to: outside.string))
            try $0.write(file("out/evil"), content: [1])
            try $0.write(link("up", to: "../../../../../../\(outside.string)"))
            try $0.write(file("up/evil2"), content: [1])
        }
        try unpack(bytes, into: root)
        #expect(!exists(outside.appending("evil")) && !exists(outside.appending("evil2")))
        // Inside the container the link leads to the same name under its own root.
        #expect(exists(root.appending(outside.components).appending("evil")))
    }

    @Test("A file written over a link replaces the link, not its target")
    func overwrite() throws {
        let (root, outside) = (home.folder("root"), home.folder("outside"))
        let bytes = try tar {
            try $0.write(link("f", to: outside.appending("victim").string))
            try $0.write(file("f"), content: Array("new".utf8))
        }
        try unpack(bytes, into: root)
        #expect(!exists(outside.appending("victim")))
        #expect(text(root.appending("f")) == "new")
    }

    @Test("A hard link reaches only names inside the root")
    func hardLinks() throws {
        let root = home.folder("root")
        _ = home.folder("outside")
        let bad = try tar {
            try $0.write(ArchiveEntry(path: "h", kind: .hardLink, mode: 0o644, link: "../outside/secret"))
        }
        #expect(throws: ArchiveError.self) { try unpack(bad, into: root) }
        let good = try tar {
            try $0.write(file("a/one"), content: [1, 2])
            try $0.write(ArchiveEntry(path: "two", kind: .hardLink, mode: 0o644, link: "a/one"))
        }
        try unpack(good, into: root)
        var (one, two) = (stat(), stat())
        #expect(lstat(root.appending("a/one").string, &one) == 0 && lstat(root.appending("two").string, &two) == 0)
        #expect(one.st_ino == two.st_ino)
    }

    @Test("Loops of links end")
    func loops() throws {
        let root = home.folder("root")
        let bytes = try tar {
            try $0.write(link("a", to: "b"))
            try $0.write(link("b", to: "a"))
            try $0.write(file("a/x"))
        }
        #expect(throws: ArchiveError.self) { try unpack(bytes, into: root) }
    }

    @Test("Sizes whose sum no number holds are beyond the limit, not the program's end")
    func hugeSizes() throws {
        let small = try tar { writer in
            try writer.begin(file("a"))
            try writer.begin(file("b"))
        }
        // The second header's size in base 256: 2^63 - 1. The first has one byte.
        var bytes = Array(small)
        func set(_ header: Int, _ size: [UInt8]) {
            bytes.replaceSubrange(header + 124..<header + 136, with: size)
            bytes.replaceSubrange(header + 148..<header + 156, with: [UInt8](repeating: 0x20, count: 8))
            let sum = bytes[header..<header + 512].reduce(0) { $0 + Int($1) }
            let octal = String(sum, radix: 8)
            bytes.replaceSubrange(
                header + 148..<header + 156,
                with: Array((String(repeating: "0", count: 6 - octal.count) + octal).utf8) + [0, 0x20])
        }
        set(0, Array("00000000001\0".utf8))
        bytes.insert(contentsOf: [UInt8](repeating: 0x61, count: 512), at: 512)
        set(1024, [0x80, 0, 0, 0, 0x7F] + [UInt8](repeating: 0xFF, count: 7))
        let root = ScratchFolder()
        #expect(throws: ArchiveError.self) {
            try LayerUnpacker(into: root.path).unpack(ArchiveReader(source: ByteSources.bytes(bytes)))
        }
    }

    @Test("More entries or bytes than allowed are refused")
    func limits() throws {
        let root = home.folder("root")
        let bytes = try tar { for i in 0..<20 { try $0.write(file("f\(i)"), content: [1, 2, 3]) } }
        for limits in [LayerUnpacker.Limits(entries: 10), .init(bytes: 50)] {
            #expect(throws: ArchiveError.self) {
                try LayerUnpacker(into: root, limits: limits).unpack(ArchiveReader(source: ByteSources.bytes(bytes)))
            }
        }
    }

    @Test("Set-id bits and owners are recorded, not set on the host")
    func owners() throws {
        let root = home.folder("root")
        let bytes = try tar {
            try $0.write(file("su", 0o4755), content: [1])
            try $0.write(file("mine", 0o640, uid: 1000, gid: 100), content: [1])
            try $0.write(folder("closed", 0o555))
            try $0.write(file("closed/readonly", 0o444), content: [1])
            try $0.write(file("plain", 0o644), content: [1])
        }
        try unpack(bytes, into: root)
        var status = stat()
        #expect(lstat(root.appending("su").string, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o755)
        #expect(attribute(root.appending("su")) == "0:0:4755:f")
        #expect(attribute(root.appending("mine")) == "1000:100:640:f")
        #expect(attribute(root.appending("closed")) == "0:0:555:d")
        #expect(attribute(root.appending("closed/readonly")) == "0:0:444:f")
        #expect(attribute(root.appending("plain")) == nil)
        #expect(lstat(root.appending("closed").string, &status) == 0)
        #expect(status.st_mtim.tv_sec == 2000)
    }

    @Test("An archive cannot forge the attributes that say what its files are")
    func forged() throws {
        let root = home.folder("root")
        var entry = file("f")
        entry.attributes = ["user.ukontainer.stat": Array("0:0:4755:f".utf8), "security.capability": [1, 2]]
        let bytes = try tar { try $0.write(entry, content: [1]) }
        try unpack(bytes, into: root)
        #expect(attribute(root.appending("f")) == nil)
    }

    @Test("A layer that is unpacked and packed again says the same")
    func roundTrip() throws {
        let root = home.folder("root")
        var device = ArchiveEntry(path: "dev/tty", kind: .characterDevice, mode: 0o620, groupID: 5)
        device.device = (5, 0)
        var owned = link("link2", to: "target two")
        owned.userID = 7
        var capable = file("capable", 0o755)
        capable.attributes = ["security.capability": [1, 2, 3], "user.x": [4]]
        let bytes = try tar {
            try $0.write(capable, content: [1])
            try $0.write(folder("dev"))
            try $0.write(device)
            try $0.write(folder("empty", 0o1777))
            try $0.write(ArchiveEntry(path: "fifo", kind: .fifo, mode: 0o600))
            try $0.write(link("link", to: "/target"))
            try $0.write(owned)
            try $0.write(file("su", 0o6755, uid: 3, gid: 4), content: Array("content".utf8))
        }
        try unpack(bytes, into: root)
        let again = try tar { try LayerPacker($0).write(layer: root) }
        let (before, after) = (try entries(bytes), try entries(again))
        #expect(after.map(\.entry.path) == before.map(\.entry.path))
        for (old, new) in zip(before, after) {
            #expect(new.entry.kind == old.entry.kind)
            #expect(new.entry.mode == old.entry.mode, "\(old.entry.path)")
            #expect(new.entry.userID == old.entry.userID && new.entry.groupID == old.entry.groupID)
            #expect(new.entry.link == old.entry.link)
            #expect(new.entry.device == old.entry.device)
            #expect(new.entry.attributes == old.entry.attributes, "\(old.entry.path)")
            #expect(new.content == old.content)
        }
    }

    @Test("Whiteouts and opaque folders hide the layers below, and come out of a diff as they went in")
    func whiteouts() throws {
        let (lower, upper) = (home.folder("lower"), home.folder("upper"))
        try unpack(
            tar {
                try $0.write(file("gone"), content: [1])
                try $0.write(file("opaque/old"), content: [1])
                try $0.write(file("kept/old"), content: [1])
                try $0.write(file("dir/inner"), content: [1])
            }, into: lower)
        let second = try tar {
            try $0.write(file(".wh.gone"))
            try $0.write(folder("opaque"))
            try $0.write(file("opaque/.wh..wh..opq"))
            try $0.write(file("opaque/new"), content: [2])
            try $0.write(file(".wh.dir"))
            try $0.write(file("dir/fresh"), content: [2])
        }
        try unpack(second, into: upper, below: [lower])
        let all = try tar { try LayerPacker($0).write(tree: MergedFolder(layers: [upper, lower])) }
        #expect(
            try entries(all).filter { $0.entry.kind == .file }.map(\.entry.path.string)
                == ["dir/fresh", "kept/old", "opaque/new"])
        let diff = try entries(tar { try LayerPacker($0).write(layer: upper) }).map(\.entry.path.string)
        #expect(diff.contains(".wh.gone") && diff.contains("opaque/.wh..wh..opq") && diff.contains("opaque/new"))
    }

    @Test("A first layer keeps no whiteouts")
    func firstLayer() throws {
        let root = home.folder("root")
        try unpack(
            tar {
                try $0.write(file("a"), content: [1])
                try $0.write(file(".wh.b"))
            }, into: root)
        #expect(exists(root.appending("a")) && !exists(root.appending(".wh.b")))
    }

    @Test("A parent that is a link in a lower layer is followed inside the union")
    func unionLinks() throws {
        let (lower, upper) = (home.folder("lower"), home.folder("upper"))
        try unpack(
            tar {
                try $0.write(folder("usr/bin", 0o555))
                try $0.write(link("bin", to: "usr/bin"))
            }, into: lower)
        try unpack(tar { try $0.write(file("bin/tool"), content: [1]) }, into: upper, below: [lower])
        #expect(exists(upper.appending("usr/bin/tool")) && !exists(upper.appending("bin")))
        #expect(attribute(upper.appending("usr/bin")) == "0:0:555:d")
    }

    @Test("A hard link to a file of a lower layer copies it up")
    func copyUp() throws {
        let (lower, upper) = (home.folder("lower"), home.folder("upper"))
        try unpack(tar { try $0.write(file("a", 0o4711, uid: 5), content: [9]) }, into: lower)
        try unpack(
            tar { try $0.write(ArchiveEntry(path: "b", kind: .hardLink, mode: 0o644, link: "a")) }, into: upper,
            below: [lower])
        #expect(text(upper.appending("b")) == "\u{9}")
        #expect(attribute(upper.appending("b")) == "5:0:4711:f")
    }

    @Test("The diff of two trees holds what was added, changed and removed, with their folders")
    func treeDiff() throws {
        let (left, right) = (home.folder("left"), home.folder("right"))
        try unpack(
            tar {
                try $0.write(file("d/same"), content: [1])
                try $0.write(file("d/changed"), content: [1])
                try $0.write(file("removed"), content: [1])
                try $0.write(file("e/same"), content: [1])
            }, into: left)
        try unpack(
            tar {
                try $0.write(file("d/same"), content: [1])
                try $0.write(file("d/changed"), content: [1, 2])
                try $0.write(file("d/added", 0o4755), content: [1])
                try $0.write(file("e/same"), content: [1])
            }, into: right)
        let diff = try tar {
            try LayerPacker($0).write(from: MergedFolder(layers: [left]), to: MergedFolder(layers: [right]))
        }
        let found = try entries(diff)
        #expect(found.map(\.entry.path.string) == [".wh.removed", "d", "d/added", "d/changed"])
        #expect(found.first { $0.entry.path == "d/added" }?.entry.mode == 0o4755)
    }

    private func attribute(_ path: FilePath) -> String? {
        var value = [UInt8](repeating: 0, count: 256)
        let length = ukh_test_getxattr(path.string, "user.ukontainer.stat", &value, value.count)
        return length < 0 ? nil : String(decoding: value.prefix(length), as: UTF8.self)
    }
}

@_silgen_name("getxattr")
private func ukh_test_getxattr(
    _ path: UnsafePointer<CChar>, _ name: UnsafePointer<CChar>, _ value: UnsafeMutableRawPointer?, _ size: Int
) -> Int
