import CFiles
import Glibc
import SystemPackage
import Testing
import UnionFileSystem

@Suite struct UnionTests {
    @Test func upperLayersHideLowerOnesAndFoldersMerge() throws {
        let sample = Sample(layers: 2)
        sample.write("top", sample.layers[0] + "/etc/a")
        sample.write("bottom", sample.layers[1] + "/etc/a")
        sample.write("only below", sample.layers[1] + "/etc/b")
        try sample.start()
        #expect(try sample.read("/etc/a") == "top")
        #expect(try sample.read("/etc/b") == "only below")
        #expect(try sample.names("/etc") == ["a", "b"])
        #expect(sample.failure { () throws(Errno) in _ = try sample.read("/etc/c") } == .noSuchFileOrDirectory)
    }

    @Test func whiteoutsOfLayersAreUnderstoodInBothForms() throws {
        let sample = Sample(layers: 2)
        for name in ["a", "b", "kept"] { sample.write(name, sample.layers[1] + "/d/\(name)") }
        sample.write("", sample.layers[0] + "/d/.wh.a")
        let isOverlay = mknod(sample.layers[0] + "/d/b", 0o020000, 0) == 0
        try sample.start()
        #expect(!sample.exists("/d/a"))
        #expect(try sample.names("/d") == (isOverlay ? ["kept"] : ["b", "kept"]))
        #expect(sample.exists("/d/b") == !isOverlay)
    }

    @Test func opaqueFoldersHideWhatIsBelow() throws {
        let sample = Sample(layers: 3)
        sample.write("", sample.layers[2] + "/d/old")
        sample.write("", sample.layers[1] + "/d/mid")
        sample.write("", sample.layers[1] + "/d/.wh..wh..opq")
        sample.write("", sample.layers[0] + "/d/new")
        sample.write("", sample.layers[2] + "/e/old")
        sample.write("", sample.layers[0] + "/e/new")
        sample.setHostXattr(sample.layers[0] + "/e", "user.overlay.opaque", "y")
        try sample.start()
        #expect(try sample.names("/d") == ["mid", "new"])
        #expect(try sample.names("/e") == ["new"])
        #expect(!sample.exists("/d/old"))
    }

    @Test func markersCannotBeSeenOrMade() throws {
        let sample = Sample(layers: 1)
        sample.write("", sample.layers[0] + "/a")
        try sample.start()
        try sample.unlink("/a")
        #expect(try sample.names("/") == [])
        #expect(!sample.exists("/.wh.a"))
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/.wh.b") } == .notPermitted)
    }

    @Test func writingCopiesUpAndLeavesTheLayerAlone() throws {
        let sample = Sample(layers: 1)
        sample.write("before", sample.layers[0] + "/d/e/f")
        try sample.start()
        let inode = try sample.stat("/d/e/f").ino
        let reader = try sample.open("/d/e/f", O_RDONLY)
        try sample.put("AFTER", "/d/e/f", flags: O_WRONLY)
        #expect(try sample.read("/d/e/f") == "AFTERe")
        #expect(try sample.stat("/d/e/f").ino == inode)
        #expect(sample.content(reader) == "before")
        close(reader)
        // It is still so for the next kernel.
        try sample.start()
        #expect(try sample.read("/d/e/f") == "AFTERe")
        #expect(try sample.stat("/d/e/f").ino == inode)
    }

    @Test func removedNamesStayRemovedAndCanComeBack() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/d/f")
        try sample.start()
        try sample.unlink("/d/f")
        #expect(!sample.exists("/d/f"))
        try sample.start()
        #expect(!sample.exists("/d/f"))
        #expect(try sample.names("/d") == [])
        try sample.put("new", "/d/f")
        #expect(try sample.read("/d/f") == "new")
        #expect(try sample.names("/d") == ["f"])
    }

    @Test func aFolderMadeOverARemovedOneIsEmpty() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/d/f")
        try sample.start()
        #expect(sample.failure { () throws(Errno) in try sample.rmdir("/d") } == .directoryNotEmpty)
        try sample.unlink("/d/f")
        try sample.rmdir("/d")
        #expect(!sample.exists("/d"))
        try sample.mkdir(at: "/d")
        #expect(try sample.names("/d") == [])
        try sample.start()
        #expect(try sample.names("/d") == [])
        #expect(try sample.names("/") == ["d"])
    }

    @Test func renamingALayersFolderMovesAllOfIt() throws {
        let sample = Sample(layers: 2)
        sample.write("1", sample.layers[1] + "/d/a/1")
        sample.write("2", sample.layers[0] + "/d/a/2")
        sample.write("t", sample.layers[1] + "/t/hidden")
        try sample.start()
        try sample.put("3", "/d/3")
        try sample.rename("/d", "/m")
        #expect(!sample.exists("/d"))
        #expect(try sample.names("/m") == ["3", "a"])
        #expect(try sample.names("/m/a") == ["1", "2"])
        try sample.unlink("/t/hidden")
        try sample.rename("/m", "/t")
        try sample.start()
        #expect(try sample.names("/") == ["t"])
        #expect(try sample.names("/t") == ["3", "a"])
        #expect(try sample.read("/t/a/1") == "1")
    }

    @Test func exchangeSwapsBothNames() throws {
        let sample = Sample(layers: 1)
        sample.write("f", sample.layers[0] + "/f")
        sample.write("g", sample.layers[0] + "/d/g")
        try sample.start()
        try sample.rename("/f", "/d", flags: 2)
        #expect(try sample.read("/d") == "f")
        #expect(try sample.read("/f/g") == "g")
        #expect(sample.failure { () throws(Errno) in try sample.rename("/f", "/d", flags: 1) } == .fileExists)
        try sample.start()
        #expect(try sample.read("/d") == "f")
        #expect(try sample.names("/f") == ["g"])
    }

    @Test func hardLinksShareContentAndMode() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/a")
        try sample.start()
        try sample.link("/a", "/b")
        try sample.put("yy", "/b", flags: O_WRONLY | O_TRUNC)
        #expect(try sample.read("/a") == "yy")
        try sample.files.setMode(0o4711, of: try sample.node("/b"), for: sample.caller)
        #expect(try sample.stat("/a").mode & 0o7777 == 0o4711)
        #expect(try sample.stat("/a").nlink == 2)
        #expect(try sample.stat("/a").ino == sample.stat("/b").ino)
    }

    @Test func aReadOnlyRootRefusesEveryChange() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/d/a")
        try sample.start(isReadonly: true)
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/d/a") } == .readOnlyFileSystem)
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/n") } == .readOnlyFileSystem)
        #expect(sample.failure { () throws(Errno) in try sample.mkdir(at: "/n") } == .readOnlyFileSystem)
        #expect(sample.failure { () throws(Errno) in try sample.unlink("/d/a") } == .readOnlyFileSystem)
        #expect(sample.failure { () throws(Errno) in try sample.rename("/d", "/e") } == .readOnlyFileSystem)
        let folder = try sample.node("/d")
        let mode = sample.failure { () throws(Errno) in try sample.files.setMode(0, of: folder, for: sample.caller) }
        #expect(mode == .readOnlyFileSystem)
        #expect(try sample.read("/d/a") == "x")
    }

    @Test func aLinkInALayerNeverLeadsToTheHost() throws {
        let sample = Sample(layers: 2)
        _ = Glibc.symlink("/etc", sample.layers[0] + "/abs")
        _ = Glibc.symlink("../../../../../../etc/passwd", sample.layers[0] + "/rel")
        sample.makeHostFolder(sample.layers[1] + "/abs")
        try sample.start()
        #expect(sample.failure { () throws(Errno) in _ = try sample.read("/abs/passwd") } == .noSuchFileOrDirectory)
        #expect(sample.failure { () throws(Errno) in _ = try sample.read("/rel") } == .noSuchFileOrDirectory)
        #expect(
            sample.failure { () throws(Errno) in _ = try sample.read("/../../etc/passwd") } == .noSuchFileOrDirectory)
    }

    @Test func aFolderThatBeganEmptyKnowsItsNames() throws {
        let sample = Sample(layers: 1)
        try sample.start()
        try sample.mkdir(at: "/d", mode: 0o777)
        // Nobody else writes there, so that the host is not asked.
        sample.write("", sample.upper + "/d/stranger")
        #expect(!sample.exists("/d/stranger"))
        try sample.put("1", "/d/a")
        try sample.link("/d/a", "/d/b")
        try sample.symlink("a", "/d/l")
        try sample.link("/d/l", "/d/m")
        let nameless = try sample.open("/d", O_WRONLY | ukf_o_tmpfile | O_DIRECTORY)
        try sample.files.makeHardLink(
            ofDescriptor: nameless, at: sample.bytes("/d/t"), from: sample.files.root, for: sample.caller)
        close(nameless)
        #expect(try sample.stat("/d/b").nlink == 2)
        #expect(try sample.stat("/d/b").ino == sample.stat("/d/a").ino)
        #expect(try sample.read("/d/l") == "1" && sample.read("/d/m") == "1" && sample.read("/d/t") == "")
        try sample.unlink("/d/a")
        #expect(!sample.exists("/d/a"))
        try sample.files.setMode(0o640, of: try sample.node("/d/b"), for: sample.caller)
        #expect(try sample.stat("/d/b").nlink == 1 && sample.stat("/d/b").mode & 0o7777 == 0o640)
        try sample.link("/d/b", "/d/a")
        try sample.files.setMode(0o600, of: try sample.node("/d/a"), for: sample.caller)
        #expect(try sample.stat("/d/b").mode & 0o7777 == 0o600)
        try sample.rename("/d/b", "/d/c")
        try sample.rename("/d", "/e")
        #expect(try sample.names("/e") == ["a", "c", "l", "m", "stranger", "t"])
        for name in ["a", "c", "l", "m", "t"] { #expect(try sample.read("/e/" + name) == (name == "t" ? "" : "1")) }
        #expect(!sample.exists("/d") && !sample.exists("/e/b"))
    }

    @Test func namesOfSuchAFolderThatWereForgottenAreFoundAgain() throws {
        let sample = Sample(layers: 1)
        try sample.start()
        try sample.mkdir(at: "/d")
        try sample.put("1", "/d/a")
        // Two sweeps through all names.
        for number in 0..<25_000 { try sample.link("/d/a", "/d/\(number)") }
        for number in stride(from: 0, to: 25_000, by: 100) { #expect(sample.exists("/d/\(number)")) }
    }

    @Test func manyNamesAreForgottenButNotLost() throws {
        let sample = Sample(layers: 1)
        try sample.start()
        for folder in 0..<40 {
            try sample.mkdir(at: "/d\(folder)")
            for file in 0..<1000 where file % 50 == 0 { try sample.put("\(file)", "/d\(folder)/f\(file)") }
            for file in 0..<1000 { _ = sample.exists("/d\(folder)/f\(file)") }
        }
        for folder in 0..<40 { #expect(try sample.read("/d\(folder)/f950") == "950") }
    }
}
