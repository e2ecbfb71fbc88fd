import Glibc
import Host
import SystemPackage
import TestSupport
import Testing

@Suite struct HostTests {
    private let scratch = ScratchFolder()

    @Test func socketPathMayBeLongerThanItsAddress() throws {
        let folder = scratch.appending(String(repeating: "x", count: 150))
        try Folders.make(folder)
        let path = folder.appending("s.sock")
        let listener = try UnixSocket.listen(path)
        #expect(UnixSocket.isAlive(path))
        let error = #expect(throws: HostError.self) { try UnixSocket.listen(path) }
        #expect(error?.errno == .addressInUse)
        try listener.close()
        #expect(!UnixSocket.isAlive(path))
        try UnixSocket.listen(path).close()
    }

    @Test func connectionWithATimeoutDoesNotWaitForEver() throws {
        let path = scratch.appending("s")
        let listener = try UnixSocket.listen(path)
        let socket = try UnixSocket.connect(path, timeout: 50)
        var byte = [UInt8](repeating: 0, count: 1)
        let error = #expect(throws: HostError.self) {
            try byte.withUnsafeMutableBytes { try UnixSocket.receive(into: $0, from: socket) }
        }
        #expect(error?.errno == .resourceTemporarilyUnavailable)
        try socket.close()
        try listener.close()
    }

    @Test func spawnedProgramGetsJustItsDescriptors() throws {
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reader, writer) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
        let pid = try Spawn(
            "/bin/sh", arguments: ["sh", "-c", "echo $(ls /proc/self/fd)"], descriptors: [nil, writer, nil]
        ).start()
        try writer.close()
        #expect(Processes.waitForEnd(of: pid) == 0)
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
        // 1 is ours, 0 the folder that ls reads, 3 what sh keeps for it at most.
        let numbers = String(decoding: bytes[..<count], as: UTF8.self).split { " \n".contains($0) }
        #expect(numbers.contains("1") && numbers.count <= 3)
        try reader.close()
    }

    @Test func programThatIsMissingIsAnErrorAndLeavesNoChild() {
        let error = #expect(throws: HostError.self) { try Spawn("/nonexistent", arguments: ["x"]).start() }
        #expect(error?.errno == .noSuchFileOrDirectory)
    }

    @Test func processIsNamedByPidAndStart() throws {
        let pid = try Spawn("/bin/sleep", arguments: ["sleep", "1000"]).start()
        let start = try #require(Processes.startTime(of: pid))
        #expect(Processes.parent(of: pid) == getpid())
        #expect(!Processes.waitForEnd(of: pid, startTime: start, milliseconds: 10))
        #expect(!Processes.signal(SIGKILL, pid: pid, startTime: start + 1))
        #expect(Processes.signal(SIGKILL, pid: pid, startTime: start))
        #expect(Processes.waitForEnd(of: pid, startTime: start, milliseconds: 300_000))
        #expect(Processes.startTime(of: pid) == nil)
        #expect(Processes.waitForEnd(of: pid) == SIGKILL)
    }

    @Test func aChildsStatusIsAsWaitGivesIt() throws {
        let pid = try Spawn("/bin/sh", arguments: ["sh", "-c", "exit 7"]).start()
        #expect(Processes.waitForEnd(of: pid) == 7 << 8)
    }

    @Test func aProgramIsFoundByNameOnPathOrByItsPath() {
        #expect(Processes.program(onPath: "sh")?.isAbsolute == true)
        #expect(Processes.program(onPath: "sh")?.lastComponent == "sh")
        #expect(Processes.program(onPath: "/bin/sh") == "/bin/sh")
        for missing in ["no-such-program", "/etc/passwd", "/no/such/program"] {
            #expect(Processes.program(onPath: missing) == nil)
        }
    }

    @Test func aCompanionIsFoundBesideTheOwnProgramFirst() throws {
        let own = try #require(Processes.ownProgram)
        #expect(own.string == readLink("/proc/\(getpid())/exe"))
        #expect(Processes.companion(try #require(own.lastComponent).string) == own)
        #expect(Processes.companion("sh") == Processes.program(onPath: "sh"))
        #expect(Processes.companion("no-such-program") == nil)
    }

    @Test func onlyALinkPointsSomewhere() throws {
        let link = scratch.appending("link").string
        #expect(symlink("some/where", link) == 0)
        #expect(readLink(link) == "some/where")
        #expect(readLink(scratch.appending("nothing").string) == nil)
        #expect(readLink("/") == nil)
    }

    @Test func aFoldersNamesAreAllButItselfAndItsParent() throws {
        let folder = scratch.folder("names")
        for name in [".hidden", "one", "two"] { try AtomicFile.write([UInt8](), to: folder.appending(name)) }
        #expect(try Folders.names(in: folder).sorted() == [".hidden", "one", "two"])
        let error = #expect(throws: HostError.self) { try Folders.names(in: folder.appending("one")) }
        #expect(error?.errno == .notDirectory)
    }

    @Test func aFileIsReadToItsEndOrToALimit() throws {
        let path = scratch.appending("file")
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try AtomicFile.write(bytes, to: path)
        func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
            let file = try FileDescriptor.open(path, .readOnly)
            return try file.closeAfter { try file.readAll(limit: limit) }
        }
        #expect(try read(path, limit: .max) == bytes)
        #expect(try read(path, limit: 5000) == Array(bytes[..<5000]))
        #expect(try read(path, limit: 0) == [])
        // Files of /proc tell no size.
        #expect(try read("/proc/self/stat", limit: .max).last == UInt8(ascii: "\n"))
        let (reader, writer) = try FileDescriptor.pipe()
        try writer.closeAfter { _ = try writer.writeAll(bytes[..<20_000]) }
        #expect(try reader.closeAfter { try reader.readAll() } == Array(bytes[..<20_000]))
    }

    @Test func atomicFileIsReplacedWholeAndLeavesNothingBeside() throws {
        let folder = scratch.folder("d")
        let path = folder.appending("f")
        try AtomicFile.write("one".utf8, to: path)
        try AtomicFile.write("two".utf8, to: path, durable: true)
        #expect(readSmallFile(path.string) == "two")
        #expect(throws: HostError.self) { try AtomicFile.write("x".utf8, to: folder.appending("no/such")) }
        #expect(unlink(path.string) == 0 && rmdir(folder.string) == 0)
    }

    @Test func terminalHasTheSizeItWasGiven() throws {
        let terminal = try Terminal.open()
        try Terminal.resize(terminal.master, rows: 33, columns: 99)
        let size = try #require(Terminal.size(of: terminal.slave))
        #expect(size.rows == 33 && size.columns == 99)
        #expect(terminal.name.hasPrefix("/dev/pts/"))
        try terminal.master.close()
        try terminal.slave.close()
    }
}
