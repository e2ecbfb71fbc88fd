import CFiles
import Glibc
import SystemPackage
import Testing
import UnionFileSystem

/// mount(2) and umount2(2) from inside.
@Suite struct BindTests {
    private let bind: UInt64 = 4096
    private let recursive: UInt64 = 16384
    private let remount: UInt64 = 32

    private func sample() throws -> Sample {
        let sample = Sample(layers: 1)
        sample.write("low", sample.layers[0] + "/a/f")
        sample.write("deep", sample.layers[0] + "/a/b/g")
        for name in ["m", "n", "volume"] { sample.makeHostFolder(sample.layers[0] + "/" + name) }
        sample.write("", sample.layers[0] + "/file")
        try sample.start()
        return sample
    }

    private func mount(
        _ sample: Sample, _ source: String, _ point: String, _ flags: UInt64, type: String = ""
    ) throws(Errno) {
        try sample.files.mount(
            type: type, source: sample.bytes(source), at: try sample.node(point), flags: flags, data: "",
            for: sample.caller)
    }

    @Test func aBoundFolderAndItsSourceAreOne() throws {
        let sample = try sample()
        try mount(sample, "/a", "/m", bind)
        #expect(try sample.read("/m/f") == "low" && sample.read("/m/b/g") == "deep")
        try sample.put("changed", "/m/f")
        try sample.put("new", "/a/new")
        #expect(try sample.read("/a/f") == "changed" && sample.read("/m/new") == "new")
        try sample.rename("/m/new", "/m/b/moved")
        try sample.unlink("/a/f")
        #expect(try sample.names("/a/b") == ["g", "moved"] && sample.names("/m") == ["b"])
        #expect(try sample.stat("/a/b").ino == sample.stat("/m/b").ino)
        #expect(try sample.files.path(of: sample.node("/m/b"), from: sample.files.root) == sample.bytes("/m/b"))
        #expect(sample.failure { () throws(Errno) in try sample.rename("/m/b/g", "/a/g") } == .improperLink)
        #expect(sample.failure { () throws(Errno) in try sample.rmdir("/m") } == .resourceBusy)
        try sample.files.unmount(try sample.node("/m"))
        #expect(try sample.names("/m") == [])
    }

    @Test func aBoundFolderCanBeReadOnlyWhileItsSourceIsNot() throws {
        let sample = try sample()
        try mount(sample, "/a", "/m", bind)
        try mount(sample, "", "/m", bind | remount | 1)
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/m/x") } == .readOnlyFileSystem)
        #expect(sample.failure { () throws(Errno) in try sample.unlink("/m/f") } == .readOnlyFileSystem)
        #expect(sample.failure { () throws(Errno) in try sample.mkdir(at: "/m/d") } == .readOnlyFileSystem)
        let file = try sample.node("/m/f")
        let caught = sample.failure { () throws(Errno) in
            try sample.files.setMode(0o600, of: file, for: sample.caller)
        }
        #expect(caught == .readOnlyFileSystem)
        try sample.put("", "/a/x")
        try mount(sample, "", "/m", bind | remount)
        try sample.put("y", "/m/x")
        #expect(try sample.read("/a/x") == "y")
    }

    @Test func whatIsReadOnlyFromOutsideStaysSo() throws {
        let sample = Sample(layers: 1)
        for name in ["a", "m"] { sample.makeHostFolder(sample.layers[0] + "/" + name) }
        try sample.start(isReadonly: true)
        #expect(sample.failure { () throws(Errno) in try mount(sample, "", "/", remount) } == .notPermitted)
        try mount(sample, "/a", "/m", bind)
        #expect(sample.failure { () throws(Errno) in try mount(sample, "", "/m", bind | remount) } == .notPermitted)
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/m/x") } == .readOnlyFileSystem)
    }

    @Test func filesAreMountPointsToo() throws {
        let sample = try sample()
        try mount(sample, "/a/f", "/file", bind)
        #expect(try sample.read("/file") == "low")
        try sample.put("through", "/file")
        #expect(try sample.read("/a/f") == "through")
        #expect(sample.failure { () throws(Errno) in try sample.unlink("/file") } == .resourceBusy)
        #expect(sample.failure { () throws(Errno) in try mount(sample, "/a", "/file", bind) } == .notDirectory)
        #expect(sample.failure { () throws(Errno) in try mount(sample, "/file", "/m", bind) } == .notDirectory)
        try sample.files.unmount(try sample.node("/file"))
        #expect(try sample.read("/file") == "")
    }

    @Test func mountsBelowComeAlongWhenTheyAreAskedFor() throws {
        let sample = try sample()
        try mount(sample, "tmpfs", "/a/b", 0, type: "tmpfs")
        try sample.put("t", "/a/b/t")
        try mount(sample, "/a", "/m", bind)
        try mount(sample, "/a", "/n", bind | recursive)
        #expect(try sample.names("/m/b") == ["g"] && sample.names("/n/b") == ["t"])
        try sample.put("u", "/n/b/u")
        #expect(try sample.names("/a/b") == ["t", "u"])
        #expect(
            sample.failure { () throws(Errno) in try sample.files.unmount(try sample.node("/n")) } == .resourceBusy)
        try sample.files.unmount(try sample.node("/n"), isLazy: true)
        try sample.files.unmount(try sample.node("/m"))
        #expect(try sample.names("/n") == [] && sample.names("/a/b") == ["t", "u"])
    }

    @Test func mountsMoveAndPileUp() throws {
        let sample = try sample()
        try mount(sample, "/a", "/m", bind)
        try mount(sample, "tmpfs", "/m", 0, type: "tmpfs")
        #expect(try sample.names("/m") == [])
        try mount(sample, "/m", "/n", 8192)
        try sample.put("x", "/n/x")
        #expect(try sample.names("/m") == ["b", "f"] && sample.names("/n") == ["x"])
        // A bind of a bind shows what the first one shows, and outlives it.
        try mount(sample, "/m/b", "/volume", bind)
        try sample.files.unmount(try sample.node("/m"))
        #expect(try sample.read("/volume/g") == "deep")
    }
}
