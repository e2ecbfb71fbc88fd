import CFiles
import Glibc
import SystemPackage
import Testing
import UnionFileSystem

@Suite struct AttributeTests {
    @Test func ownerAndModeAreKeptBesideTheFile() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/a")
        try sample.start()
        try sample.files.setOwner(uid: 33, gid: 44, of: try sample.node("/a"), for: sample.caller)
        try sample.files.setMode(0o6500, of: try sample.node("/a"), for: sample.caller)
        for _ in 0..<2 {
            let stat = try sample.stat("/a")
            #expect(stat.uid == 33 && stat.gid == 44 && stat.mode == 0o106500)
            try sample.start()
        }
        var host = ukf_stat()
        _ = ukf_stat(AT_FDCWD, sample.upper + "/a", 0, &host)
        // An ordinary user's file stays his; root's is given away.
        #expect(host.mode & 0o7777 == (geteuid() == 0 ? 0o6500 : 0o700))
        #expect(host.uid == (geteuid() == 0 ? 33 : geteuid()))
    }

    @Test func plainFilesCarryNoNote() throws {
        let sample = Sample(layers: 0)
        try sample.start()
        try sample.put("x", "/a")
        #expect(ukf_getxattr(AT_FDCWD, sample.upper + "/a", "user.ukontainer.stat", nil, 0) < 0)
        #expect(try sample.stat("/a").uid == 0)
    }

    @Test func devicesAndForeignLinksAreStandIns() throws {
        let sample = Sample(layers: 0)
        try sample.start()
        try sample.files.makeNode(
            sample.bytes("/null"), from: sample.files.root, for: sample.caller, mode: 0o020666, major: 1, minor: 3)
        sample.caller.credentials = Credentials(uid: 1000, gid: 1000, capabilities: 0)
        sample.caller.credentials.capabilities = 2
        try sample.symlink("null", "/link")
        for _ in 0..<2 {
            let device = try sample.stat("/null")
            #expect(device.mode == 0o020666 && device.rdev_major == 1 && device.rdev_minor == 3 && device.size == 0)
            let link = try sample.stat("/link")
            #expect(link.mode == 0o120777 && link.uid == 1000 && link.size == 4)
            #expect(try sample.stat("/link").mode == 0o120777)
            #expect(
                try sample.files.linkTarget(of: try sample.node("/link", follow: false), for: sample.caller)
                    == Array("null".utf8))
            let types = Dictionary(
                uniqueKeysWithValues: try sample.files.list(sample.files.root, for: sample.caller).map {
                    ($0.name.string, $0.type)
                })
            #expect(types == ["null": .characterDevice, "link": .link])
            try sample.start()
        }
        // The device is the host's own.
        let file = try sample.open("/link", O_WRONLY)
        #expect(Glibc.write(file, "abc", 3) == 3)
        close(file)
        #expect(try sample.stat("/null").size == 0)
    }

    @Test func permissionsAreTheContainersOwn() throws {
        let sample = Sample(layers: 0)
        try sample.start()
        try sample.mkdir(at: "/private", mode: 0o700)
        try sample.put("secret", "/private/f")
        try sample.put("shared", "/shared")
        try sample.files.setMode(0o640, of: try sample.node("/shared"), for: sample.caller)
        try sample.files.setOwner(uid: nil, gid: 7, of: try sample.node("/shared"), for: sample.caller)
        sample.caller.credentials = Credentials(uid: 1000, gid: 1000, groups: [7], capabilities: 0)
        #expect(sample.failure { () throws(Errno) in _ = try sample.read("/private/f") } == .permissionDenied)
        #expect(try sample.read("/shared") == "shared")
        #expect(
            sample.failure { () throws(Errno) in try sample.put("", "/shared", flags: O_WRONLY) } == .permissionDenied)
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/new") } == .permissionDenied)
        #expect(
            sample.failure { () throws(Errno) in
                try sample.files.setMode(0, of: try sample.node("/shared"), for: sample.caller)
            } == .notPermitted)
    }

    @Test func stickyFoldersProtectOthersFiles() throws {
        let sample = Sample(layers: 0)
        try sample.start()
        try sample.mkdir(at: "/tmp", mode: 0o1777)
        try sample.put("root's", "/tmp/a")
        sample.caller.credentials = Credentials(uid: 1000, gid: 1000, capabilities: 0)
        try sample.put("mine", "/tmp/b")
        #expect(sample.failure { () throws(Errno) in try sample.unlink("/tmp/a") } == .notPermitted)
        #expect(sample.failure { () throws(Errno) in try sample.rename("/tmp/b", "/tmp/a") } == .notPermitted)
        try sample.unlink("/tmp/b")
    }

    @Test func setGroupFoldersGiveTheirGroup() throws {
        let sample = Sample(layers: 0)
        try sample.start()
        try sample.mkdir(at: "/d")
        try sample.files.setOwner(uid: nil, gid: 5, of: try sample.node("/d"), for: sample.caller)
        try sample.files.setMode(0o2775, of: try sample.node("/d"), for: sample.caller)
        try sample.mkdir(at: "/d/e")
        try sample.put("", "/d/e/f")
        #expect(try sample.stat("/d/e").mode & 0o7777 == 0o2755)
        #expect(try sample.stat("/d/e/f").gid == 5)
    }

    @Test func privilegedXattrsAreKeptUnderAnotherName() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/a")
        try sample.start()
        let node = try sample.node("/a")
        try sample.files.setXattr("security.capability", to: [1, 2, 3], flags: 0, of: .node(node), for: sample.caller)
        try sample.files.setXattr("user.note", to: [4], flags: 0, of: .node(node), for: sample.caller)
        #expect(try sample.files.xattr("security.capability", of: .node(node), for: sample.caller) == [1, 2, 3])
        #expect(
            try sample.files.xattrNames(of: .node(node), for: sample.caller).sorted() == [
                "security.capability", "user.note",
            ])
        #expect(
            sample.failure { () throws(Errno) in
                try sample.files.setXattr(
                    "user.ukontainer.stat", to: [1], flags: 0, of: .node(node), for: sample.caller)
            } == .notPermitted)
        try sample.start()
        #expect(try sample.files.xattr("user.note", of: .node(try sample.node("/a")), for: sample.caller) == [4])
    }

    @Test func nonsenseInANoteIsPassedOver() throws {
        let sample = Sample(layers: 1)
        for (index, note) in ["", ":::", "1:2", "x:1:7:f", "1:1:9:f", "1:1:644:c", "99999999999999999999:1:644:f"]
            .enumerated()
        {
            sample.write("x", sample.layers[0] + "/f\(index)")
            sample.setHostXattr(sample.layers[0] + "/f\(index)", "user.ukontainer.stat", note)
        }
        try sample.start()
        for index in 0..<7 {
            let stat = try sample.stat("/f\(index)")
            #expect(stat.mode == 0o100644 && stat.uid == 0)
        }
    }
}
