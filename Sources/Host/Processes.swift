// Unsafe pointers: room for what is read.
import CHost
import Glibc
import SystemPackage

/// Processes of the host, seen through /proc and pidfds, and the programs that they run.
public enum Processes {
    /// When `pid` started, in clock ticks since boot: with the pid, a name that is never used twice. Nil when it is gone
    /// or a zombie.
    public static func startTime(of pid: pid_t) -> UInt64? {
        guard let fields = statFields(of: pid), fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }

    /// The parent of `pid`, or nil when it is gone.
    public static func parent(of pid: pid_t) -> pid_t? {
        statFields(of: pid).flatMap { pid_t($0[1]) }
    }

    /// Fields of /proc/pid/stat from the third (state) on, see proc_pid_stat(5).
    public static func statFields(of pid: pid_t) -> [Substring]? {
        guard let text = readSmallFile("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? fields : nil
    }

    /// Sends `signal` to the process that has `pid` and started at `startTime`; false when that one is gone.
    public static func signal(_ signal: CInt, pid: pid_t, startTime: UInt64) -> Bool {
        let pidfd = ukh_pidfd_open(pid)
        guard pidfd >= 0 else { return false }
        defer { close(pidfd) }
        guard Processes.startTime(of: pid) == startTime else { return false }
        return ukh_pidfd_signal(pidfd, signal) == 0
    }

    /// The numbers of all processes.
    public static func all() -> [pid_t] { ((try? Folders.names(in: "/proc")) ?? []).compactMap { pid_t($0) } }

    /// The user as whom this process acts.
    public static var effectiveUser: UInt32 { geteuid() }

    /// Waits until the process that has `pid` and started at `startTime` has ended, whoever its parent is.
    ///
    /// - Returns: false when it still runs after `milliseconds`.
    public static func waitForEnd(of pid: pid_t, startTime: UInt64, milliseconds: Int32) -> Bool {
        let pidfd = ukh_pidfd_open(pid)
        guard pidfd >= 0 else { return true }
        defer { close(pidfd) }
        guard Processes.startTime(of: pid) == startTime else { return true }
        var poll = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, milliseconds) != 0
    }

    /// Waits until a child of this process has ended.
    ///
    /// - Returns: its status as wait(2) gives it; 0 when there is no such child.
    @discardableResult
    public static func waitForEnd(of child: pid_t) -> CInt {
        var status: CInt = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// Ends this process as another one has ended: with its exit code, or by its signal (without a core).
    ///
    /// - Parameter status: as wait(2) gives it.
    public static func end(as status: CInt) -> Never { ukh_end_as(status) }

    /// Makes orphaned descendants children of this process.
    public static func becomeSubreaper() throws {
        try HostError.check(ukh_set_subreaper(1), "become", "subreaper")
    }

    // MARK: Programs

    /// The path of the program that this process runs.
    public static var ownProgram: FilePath? { readLink("/proc/self/exe").map { FilePath($0) } }

    /// A program by its name on PATH, or by its path, as execvp(3) finds it; nil when it is not there.
    ///
    /// Relative folders on PATH are passed over: what they name depends on where one stands.
    public static func program(onPath name: String) -> FilePath? {
        let folders = (environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        let candidates =
            name.utf8.contains(UInt8(ascii: "/"))
            ? [FilePath(name)] : folders.filter { $0.first == "/" }.map { FilePath(String($0)).appending(name) }
        return candidates.first(where: isProgram)
    }

    /// A program of the chain by its name: beside this process's own, else on PATH; nil when it is in neither place.
    public static func companion(_ name: String) -> FilePath? {
        if let beside = ownProgram?.removingLastComponent().appending(name), isProgram(beside) { return beside }
        return program(onPath: name)
    }

    private static func isProgram(_ path: FilePath) -> Bool { access(path.string, X_OK) == 0 }
}

/// Where the symbolic link at `path` points; nil when there is none, or when it may not be read.
public func readLink(_ path: String) -> String? {
    var length = 0
    let target = String(unsafeUninitializedCapacity: Int(PATH_MAX)) { room in
        length = room.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
        return max(length, 0)
    }
    return length > 0 ? target : nil
}

/// The contents of a file of at most a few pages, such as those under /proc; nil when it cannot be read.
public func readSmallFile(_ path: String) -> String? {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    while true {
        let count = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 4096))
        let n = bytes.withUnsafeMutableBytes { read(fd, $0.baseAddress! + count, 4096) }
        bytes.removeLast(4096 - max(n, 0))
        if n <= 0 { return n < 0 && count == 0 ? nil : String(decoding: bytes, as: UTF8.self) }
    }
}
