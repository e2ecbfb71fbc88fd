import Glibc
import SystemPackage
import Testing
import UnionFileSystem

@Suite struct ResolverTests {
    private func sample() throws -> Sample {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/d/e/f")
        try sample.start()
        return sample
    }

    private func error(_ sample: Sample, _ path: String, follow: Bool = true) -> Errno? {
        sample.failure { () throws(Errno) in _ = try sample.node(path, follow: follow) }
    }

    @Test func dotsAndSlashesAreAsPosixSays() throws {
        let sample = try sample()
        let file = try sample.node("/d/e/f")
        for path in ["//d//e/./f", "/d/../d/e/../e/f", "/../../d/e/f", "d/e/f"] {
            #expect(try sample.node(path) === file)
        }
        #expect(error(sample, "/d/e/f/") == .notDirectory)
        #expect(error(sample, "/d/e/f/.") == .notDirectory)
        #expect(error(sample, "/d/e/f/..") == .notDirectory)
        #expect(error(sample, "") == .noSuchFileOrDirectory)
        #expect(error(sample, "/d/none/..") == .noSuchFileOrDirectory)
        #expect(try sample.node("/") === sample.files.root)
    }

    @Test func linksAreFollowedFortyTimesAtMost() throws {
        let sample = try sample()
        try sample.symlink("/d", "/l0")
        for index in 1...41 { try sample.symlink("l\(index - 1)", "/l\(index)") }
        #expect(try sample.node("/l39/e/f") === sample.node("/d/e/f"))
        #expect(error(sample, "/l40") == .tooManySymbolicLinkLevels)
        try sample.symlink("loop", "/loop")
        #expect(error(sample, "/loop") == .tooManySymbolicLinkLevels)
        #expect(error(sample, "/loop", follow: false) == nil)
        #expect(try sample.node("/l0", follow: false).isFolder == false)
        #expect(try sample.node("/l0/", follow: false).isFolder)
    }

    @Test func longNamesAreRefused() throws {
        let sample = try sample()
        #expect(error(sample, "/" + String(repeating: "a", count: 255)) == .noSuchFileOrDirectory)
        #expect(error(sample, "/" + String(repeating: "a", count: 256)) == .fileNameTooLong)
        #expect(error(sample, String(repeating: "/a", count: 2048)) == .fileNameTooLong)
    }

    @Test func deepTreesWork() throws {
        let sample = Sample(layers: 0)
        try sample.start()
        let name = String(repeating: "n", count: 200)
        var folder = sample.files.root
        for _ in 0..<30 {
            try sample.files.makeFolder(sample.bytes(name), from: folder, for: sample.caller, mode: 0o755)
            folder = try sample.files.resolve(sample.bytes(name), from: folder, for: sample.caller).node()
        }
        guard
            case .descriptor(let file) = try sample.files.open(
                sample.bytes("deep"), from: folder, for: sample.caller, flags: O_CREAT | O_WRONLY, mode: 0o644)
        else { return }
        close(file)
        #expect(try sample.files.list(folder, for: sample.caller).map(\.name.string) == ["deep"])
        #expect(sample.files.path(of: folder, from: sample.files.root)?.count == 30 * 201)
    }

    @Test func veryDeepTreesComeAndGo() throws {
        let sample = Sample(layers: 1)
        try sample.start()
        var folder: Node? = sample.files.root
        var depth = 0
        while depth < 800 {
            try sample.files.makeFolder([0x61], from: folder!, for: sample.caller, mode: 0o755)
            folder = try sample.files.resolve([0x61], from: folder!, for: sample.caller).node()
            depth += 1
        }
        let up = [UInt8](".".utf8) + [UInt8](".".utf8)
        var above = try sample.files.resolve(up, from: folder!, for: sample.caller).node()
        for _ in 0..<depth {
            try sample.files.removeFolder([0x61], from: above, for: sample.caller)
            above = sample.files.parent(of: above)
        }
        folder = nil
        #expect(try sample.names("/") == [])
    }

    @Test func beneathAndInRootConfine() throws {
        let sample = try sample()
        try sample.symlink("/d/e/f", "/d/abs")
        let folder = try sample.node("/d")
        func resolve(_ path: String, _ options: LookupOptions) -> Errno? {
            sample.failure { () throws(Errno) in
                _ = try sample.files.resolve(
                    sample.bytes(path), from: folder, for: sample.caller, [.followLast, options]
                ).node()
            }
        }
        #expect(resolve("../d/e", .beneath) == .improperLink)
        #expect(resolve("abs", .beneath) == .improperLink)
        #expect(resolve("/e", .beneath) == .improperLink)
        #expect(resolve("/e/f", .inRoot) == nil)
        #expect(resolve("../../e/f", .inRoot) == nil)
        #expect(resolve("abs", .inRoot) == .noSuchFileOrDirectory)
        #expect(resolve("abs", .noLinks) == .tooManySymbolicLinkLevels)
    }

    @Test func openChecksTypesAndFlags() throws {
        let sample = try sample()
        func fails(_ path: String, _ flags: CInt) -> Errno? {
            sample.failure { () throws(Errno) in close(try sample.open(path, flags)) }
        }
        #expect(fails("/d", O_WRONLY) == .isDirectory)
        #expect(fails("/d", O_RDONLY | O_CREAT) == .isDirectory)
        #expect(fails("/d/e/f", O_RDONLY | O_DIRECTORY) == .notDirectory)
        #expect(fails("/d/e/f", O_CREAT | O_EXCL | O_RDWR) == .fileExists)
        #expect(fails("/d/new/", O_CREAT | O_RDWR) == .isDirectory)
        try sample.symlink("e/target", "/d/dangling")
        #expect(fails("/d/dangling", O_RDONLY | O_NOFOLLOW) == .tooManySymbolicLinkLevels)
        #expect(fails("/d/dangling", O_CREAT | O_EXCL | O_WRONLY) == .fileExists)
        #expect(fails("/d/dangling", O_CREAT | O_WRONLY) == nil)
        #expect(sample.exists("/d/e/target"))
    }

    @Test func namesKeepTheirBytes() {
        for count in [0, 1, 7, 8, 9, 15, 16, 17, 40, 255] {
            let bytes = (0..<count).map { UInt8($0 % 254 + 1) }
            #expect(Name(bytes).bytes == bytes)
            #expect(Name(bytes).count == count)
        }
        #expect(Name(".wh.a").isMarker && !Name(".wha").isMarker)
        #expect(Name([0xff, 0xfe]) != Name([0xff]))
    }
}
