import CFiles
import Glibc
import KernelProtocol
import SystemPackage
import Testing

import UnionFileSystem

@Suite struct SharedNamesTests {
    private func sample() throws -> (Sample, SharedNames) {
        let sample = Sample(layers: 2)
        sample.write("12345", sample.layers[1] + "/etc/name")
        sample.write("", sample.layers[1] + "/etc/folder/inner")
        sample.write("", sample.layers[1] + "/closed/inner")
        sample.write("", sample.layers[1] + "/unlisted/inner")
        chmod(sample.layers[1] + "/closed", 0o700)
        chmod(sample.layers[1] + "/unlisted", 0o711)
        Glibc.symlink("name", sample.layers[1] + "/etc/link")
        try sample.start()
        return (sample, try #require(sample.files.share()))
    }

    /// As stat(2) is answered.
    private func ask(_ sample: Sample, _ shared: SharedNames, _ path: String) {
        guard let node = try? sample.node(path, follow: false) else { return }
        _ = try? sample.files.stat(node)
        shared.saw(node)
    }

    private func told(_ shared: SharedNames, _ path: String) -> uki_name? {
        shared.told(path.split(separator: "/").map { String($0) })
    }

    private func kind(_ shared: SharedNames, _ path: String) -> Int32 {
        told(shared, path).map { Int32($0.kind) } ?? Int32(UKI_EMPTY)
    }

    private func has(_ flag: Int, _ shared: SharedNames, _ path: String) -> Bool {
        told(shared, path).map { Int($0.flags) & flag != 0 } ?? false
    }

    @Test func whatLiesInLayersIsToldWithItsAttributes() throws {
        let (sample, shared) = try sample()
        #expect(told(shared, "/etc/name") == nil)
        ask(sample, shared, "/etc/name")
        let entry = try #require(told(shared, "/etc/name"))
        let stat = try sample.stat("/etc/name")
        #expect(Int(entry.flags) & UKI_HAS_STAT != 0)
        #expect(entry.size == 5 && entry.ino == stat.ino && entry.mode == stat.mode & 0o7777)
        #expect(entry.times.1 >> 30 == UInt64(stat.mtime))
        ask(sample, shared, "/etc/no")
        #expect(kind(shared, "/etc/no") == UKI_ABSENT)
        _ = try sample.files.linkTarget(of: sample.node("/etc/link", follow: false), for: sample.caller)
        ask(sample, shared, "/etc/link")
        #expect(has(UKI_HAS_TARGET, shared, "/etc/link"))
    }

    @Test func whatNotEverybodyMaySeeIsNotTold() throws {
        let (sample, shared) = try sample()
        for folder in ["closed", "unlisted"] {
            for name in ["inner", "no"] { ask(sample, shared, "/\(folder)/\(name)") }
            #expect(kind(shared, "/\(folder)") == UKI_PRESENT)
            #expect(told(shared, "/\(folder)")?.child == 0)
        }
        ask(sample, shared, "/etc/folder/inner")
        #expect(kind(shared, "/etc/folder/inner") == UKI_PRESENT)
        try sample.files.setMode(0o750, of: try sample.node("/etc"), for: sample.caller)
        ask(sample, shared, "/etc/folder/inner")
        #expect(told(shared, "/etc/folder") == nil)
        try sample.files.setMode(0o755, of: try sample.node("/etc"), for: sample.caller)
        ask(sample, shared, "/etc/folder/inner")
        #expect(kind(shared, "/etc") == UKI_PRESENT)
    }

    @Test func filesThatCanBeWrittenAreToldWithoutSizeAndTimes() throws {
        let (sample, shared) = try sample()
        try sample.put("x", "/etc/new")
        ask(sample, shared, "/etc/new")
        #expect(kind(shared, "/etc/new") == UKI_PRESENT)
        #expect(has(UKI_HAS_MODE, shared, "/etc/new") && !has(UKI_HAS_STAT, shared, "/etc/new"))
        try sample.put("x", "/etc/name")
        ask(sample, shared, "/etc/name")
        #expect(!has(UKI_HAS_STAT, shared, "/etc/name"))
    }

    @Test func whatOthersChangeIsNotTold() throws {
        let (sample, shared) = try sample()
        sample.write("", sample.folder + "/volume/file")
        try sample.files.mount(
            MountSpecification(destination: "/etc/folder", type: "bind", source: sample.folder + "/volume", options: [])
        )
        for name in ["file", "no"] { ask(sample, shared, "/etc/folder/\(name)") }
        #expect(told(shared, "/etc/folder") == nil)
        ask(sample, shared, "/etc/name")
        #expect(kind(shared, "/etc/name") == UKI_PRESENT)
    }

    @Test func everyChangeIsToldOrForgottenAtOnce() throws {
        let (sample, shared) = try sample()
        let node = { (path: String) throws(Errno) in try sample.node(path, follow: false) }
        let goes: Set = [3, 5, 7, 9]
        let steps: [(String, () throws -> Void)] = [
            ("/etc/name", { try sample.files.setMode(0o600, of: try node("/etc/name"), for: sample.caller) }),
            ("/etc/name", { try sample.files.setOwner(uid: 5, gid: 6, of: try node("/etc/name"), for: sample.caller) }),
            ("/etc/name", { try sample.link("/etc/name", "/etc/hard") }),
            ("/etc/name", { try sample.unlink("/etc/name") }),
            ("/etc/name", { try sample.put("", "/etc/name") }),
            ("/etc/name", { try sample.rename("/etc/name", "/etc/other") }),
            ("/etc/name", { try sample.mkdir(at: "/etc/name") }),
            ("/etc/name", { try sample.rmdir("/etc/name") }),
            ("/etc/name", { try sample.symlink("other", "/etc/name") }),
            ("/etc/link", { try sample.rename("/etc/link", "/etc/name") }),
            ("/etc/folder/inner", { try sample.rename("/etc/folder", "/etc/moved") }),
            ("/etc/moved/inner", { try sample.rename("/etc/moved", "/etc/name2") }),
        ]
        for (index, (path, change)) in steps.enumerated() {
            ask(sample, shared, path)
            #expect(kind(shared, path) != UKI_EMPTY, "before step \(index)")
            try change()
            #expect(kind(shared, path) == (goes.contains(index) ? UKI_ABSENT : UKI_EMPTY), "after step \(index)")
        }
    }

    @Test func aFolderIsToldWithSizeAndTimesUntilSomethingIsMadeInIt() throws {
        let (sample, shared) = try sample()
        try sample.mkdir(at: "/made")
        let node = try sample.node("/made")
        let path = sample.upper + "/made"
        // As if it had been listed after its last change.
        var times = [timespec(tv_sec: time(nil) + 1, tv_nsec: 0), timespec(tv_sec: 0, tv_nsec: 0x3fff_fffe)]
        utimensat(AT_FDCWD, path, &times, 0)
        shared.saw(node, try sample.files.stat(node))
        #expect(has(UKI_HAS_STAT, shared, "/made"))
        try sample.put("", "/made/file")
        #expect(kind(shared, "/made") == UKI_PRESENT && !has(UKI_HAS_STAT, shared, "/made"))
    }

    @Test func nobodyElseWritesToTheTable() throws {
        let (_, shared) = try sample()
        var byte: UInt8 = 1
        #expect(Glibc.write(shared.descriptor, &byte, 1) == -1 && errno == EPERM)
        #expect(ftruncate(shared.descriptor, 0) == -1)
        let mapping = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, shared.descriptor, 0)
        #expect(mapping == MAP_FAILED && errno == EPERM)
        let again = Glibc.open("/proc/self/fd/\(shared.descriptor)", O_RDWR)
        if again >= 0 {
            #expect(Glibc.write(again, &byte, 1) == -1)
            close(again)
        }
    }

    @Test func aFullTableGrowsAndStaysRight() throws {
        let (sample, shared) = try sample()
        for index in 0..<9000 { ask(sample, shared, "/etc/no\(index)") }
        ask(sample, shared, "/etc/name")
        #expect(kind(shared, "/etc/name") == UKI_PRESENT)
        let known = (0..<9000).filter { kind(shared, "/etc/no\($0)") == UKI_ABSENT }
        #expect(known.count > 4000)
    }
}
