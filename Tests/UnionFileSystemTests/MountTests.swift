import CFiles
import Glibc
import KernelProtocol
import SystemPackage
import Testing
import UnionFileSystem

@Suite struct MountTests {
    private func mounted(
        _ sample: Sample, _ mounts: [MountSpecification], masked: [String] = [], readonly: [String] = []
    ) throws {
        try sample.start()
        try sample.files.mount(
            ContainerSpecification(
                id: "test", root: RootSpecification(layers: sample.layers, upper: sample.upper), mounts: mounts,
                maskedPaths: masked, readonlyPaths: readonly, process: ProcessSpecification(arguments: ["x"])),
            console: nil)
    }

    @Test func bindMountsShowAndChangeTheHostsFiles() throws {
        let sample = Sample(layers: 1)
        sample.write("host", sample.folder + "/volume/d/f")
        try mounted(
            sample,
            [
                MountSpecification(
                    destination: "/data", type: "bind", source: sample.folder + "/volume", options: ["rbind"]),
                MountSpecification(
                    destination: "/ro", type: "bind", source: sample.folder + "/volume", options: ["rbind", "ro"]),
                MountSpecification(
                    destination: "/etc/file", type: "bind", source: sample.folder + "/volume/d/f", options: ["bind"]),
            ])
        #expect(try sample.read("/data/d/f") == "host")
        #expect(try sample.read("/etc/file") == "host")
        try sample.put("changed", "/etc/file", flags: O_WRONLY | O_TRUNC)
        #expect(try sample.read("/ro/d/f") == "changed")
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/ro/new") } == .readOnlyFileSystem)
        // What the host changes is seen at once, also a name that was missing before.
        #expect(!sample.exists("/data/later"))
        sample.write("now", sample.folder + "/volume/later")
        #expect(try sample.read("/data/later") == "now")
        Glibc.unlink(sample.folder + "/volume/later")
        #expect(!sample.exists("/data/later"))
        #expect(try sample.stat("/data").dev_minor == sample.stat("/ro").dev_minor)
        #expect(sample.failure { () throws(Errno) in try sample.rename("/data/d/f", "/f") } == .improperLink)
        #expect(sample.failure { () throws(Errno) in try sample.rmdir("/data") } == .resourceBusy)
    }

    @Test func aFolderSwappedForALinkDoesNotLeadOut() throws {
        let sample = Sample(layers: 1)
        sample.write("inside", sample.folder + "/volume/d/passwd")
        try mounted(
            sample, [MountSpecification(destination: "/data", type: "bind", source: sample.folder + "/volume")])
        let folder = try sample.node("/data/d")
        Glibc.rename(sample.folder + "/volume/d", sample.folder + "/volume/old")
        _ = Glibc.symlink("/etc", sample.folder + "/volume/d")
        let caught = sample.failure { () throws(Errno) in
            _ = try sample.files.open(
                sample.bytes("passwd"), from: folder, for: sample.caller, flags: O_RDONLY, mode: 0)
        }
        #expect(caught == .noSuchFileOrDirectory)
        #expect(sample.failure { () throws(Errno) in _ = try sample.read("/data/d/passwd") } == .noSuchFileOrDirectory)
    }

    @Test func missingSourcesAreNamed() throws {
        let sample = Sample(layers: 1)
        #expect {
            try mounted(sample, [MountSpecification(destination: "/data", type: "bind", source: "/no/such/folder")])
        } throws: { error in
            let text = "\(error)"
            return text.contains("/no/such/folder") && text.contains("/data")
        }
    }

    @Test func devicesMasksAndSealsAreInPlace() throws {
        let sample = Sample(layers: 1)
        try mounted(
            sample,
            [
                MountSpecification(destination: "/proc", type: "proc", source: "proc"),
                MountSpecification(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"]),
                MountSpecification(destination: "/dev/pts", type: "devpts", source: "devpts"),
                MountSpecification(destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]),
            ], masked: ["/proc/kcore", "/sys/firmware", "/not/there"], readonly: ["/proc/sys"])
        let null = try sample.stat("/dev/null")
        #expect(null.mode == 0o020666 && null.rdev_major == 1 && null.rdev_minor == 3)
        try sample.put("gone", "/dev/null", flags: O_WRONLY)
        #expect(try sample.stat("/dev").mode == 0o040755)
        #expect(try sample.read("/proc/kcore") == "")
        #expect(try sample.names("/sys/firmware") == [])
        #expect(
            sample.failure { () throws(Errno) in try sample.put("x", "/proc/sys/kernel/hostname", flags: O_WRONLY) }
                == .readOnlyFileSystem)
        #expect(try sample.read("/proc/uptime").contains("."))
        #expect(try sample.names("/dev").contains("ptmx"))
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/proc/new") } != nil)
        let terminal = try sample.open("/dev/ptmx", O_RDWR)
        let number = ukf_terminal_number(terminal)
        #expect(try sample.names("/dev/pts") == ["\(number)", "ptmx"].sorted())
        #expect(try sample.stat("/dev/pts/\(number)").rdev_major == 136)
        close(terminal)
        #expect(!sample.exists("/dev/pts/\(number)"))
    }

    @Test func tmpfsBelongsToTheContainerAlone() throws {
        let sample = Sample(layers: 1)
        sample.write("", sample.layers[0] + "/tmp/below")
        try mounted(
            sample,
            [MountSpecification(destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777", "noexec"])])
        #expect(try sample.names("/tmp") == [])
        try sample.put("x", "/tmp/f")
        #expect(try sample.stat("/tmp").mode == 0o041777)
        #expect(try sample.stat("/tmp/f").dev_minor != sample.stat("/").dev_minor)
        #expect(
            sample.failure { () throws(Errno) in
                try sample.files.checkAccess(.execute, to: try sample.node("/tmp/f"), for: sample.caller)
            } == .permissionDenied)
        sample.files.end()
        var stat = ukf_stat()
        #expect(ukf_stat(AT_FDCWD, sample.folder + "/scratch", 0, &stat) < 0)
    }

    @Test func aReadOnlyRootStillGetsItsMountPoints() throws {
        let sample = Sample(layers: 1)
        sample.write("x", sample.layers[0] + "/f")
        try sample.start(isReadonly: true)
        try sample.files.mount(
            ContainerSpecification(
                id: "test", root: RootSpecification(layers: sample.layers),
                mounts: [MountSpecification(destination: "/a/b", type: "tmpfs", source: "tmpfs")],
                process: ProcessSpecification(arguments: ["x"])), console: nil)
        try sample.put("y", "/a/b/c")
        #expect(try sample.read("/a/b/c") == "y")
        #expect(try sample.names("/") == ["a", "f"])
        #expect(try sample.names("/a") == ["b"])
        #expect(sample.failure { () throws(Errno) in try sample.put("", "/n") } == .readOnlyFileSystem)
    }

    @Test func descriptorsLeadBackToTheirNodes() throws {
        let sample = Sample(layers: 2)
        sample.write("f", sample.layers[1] + "/d/f")
        sample.write("g", sample.layers[0] + "/d/g")
        try sample.start()
        for path in ["/d", "/d/f", "/"] {
            let file = try sample.open(path, O_RDONLY)
            defer { close(file) }
            let name = "/proc/self/fd/\(file)"
            #expect(try sample.files.node(behind: name) === sample.node(path))
            let (one, other) = (try sample.files.stat(behind: name), try sample.stat(path))
            #expect(one.ino == other.ino && one.dev_minor == other.dev_minor && one.mode == other.mode)
        }
        let held = try sample.open("/d/f", O_RDWR)
        defer { close(held) }
        try sample.unlink("/d/f")
        #expect(try sample.files.node(behind: "/proc/self/fd/\(held)") == nil)
        try sample.files.setMode(0o4700, behind: "/proc/self/fd/\(held)", for: sample.caller)
        #expect(try sample.files.stat(behind: "/proc/self/fd/\(held)").mode == 0o104700)
    }

    @Test func aFolderThatIsNotOpenedToBeListedIsTheHostsOwnUntilItIs() throws {
        let sample = Sample(layers: 1)
        sample.write("", sample.layers[0] + "/d/below")
        try sample.start()
        try sample.put("", "/d/above")
        var (own, held, listed) = (ukf_stat(), ukf_stat(), ukf_stat())
        #expect(ukf_stat(AT_FDCWD, sample.upper + "/d", 0, &own) == 0)
        let folder = try sample.open("/d", O_RDONLY)
        defer { close(folder) }
        #expect(ukf_stat(folder, "", 0x1000, &held) == 0 && held.ino == own.ino)
        #expect(sample.files.mayListWrong)
        let standIn = try #require(try sample.files.standIn(for: held))
        defer { close(standIn) }
        #expect(ukf_stat(standIn, "", 0x1000, &listed) == 0)
        #expect(try sample.files.listRecords(listed, size: 4096, isOld: false, for: sample.caller)!.count == 112)
    }

    @Test func mergedListingsFollowTheSharedOffset() throws {
        let sample = Sample(layers: 2)
        for index in 0..<50 { sample.write("", sample.layers[index % 2] + "/d/file\(index)") }
        try sample.start()
        let folder = try sample.open("/d", O_RDONLY | O_DIRECTORY)
        defer { close(folder) }
        var stat = ukf_stat()
        _ = ukf_stat(folder, "", 0x1000, &stat)
        func next(_ size: Int) throws(Errno) -> Int {
            try sample.files.listRecords(stat, size: size, isOld: false, for: sample.caller)!.count
        }
        #expect(sample.failure { () throws(Errno) in _ = try next(10) } == .invalidArgument)
        var total = 0
        while case let count = try next(200), count > 0 { total += count }
        #expect(lseek(folder, 0, SEEK_CUR) == 52)
        lseek(folder, 0, SEEK_SET)
        #expect(try next(1 << 16) == total)
        lseek(folder, 51, SEEK_SET)
        #expect(try next(1 << 16) == 32)
    }
}
