import CHost
import Glibc
import SystemPackage

/// Other processes of the host, seen through /proc and pidfds.
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

    /// The folder that `pid` works in, as far as this process may know.
    public static func workingFolder(of pid: pid_t) -> FilePath? {
        var room = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/\(pid)/cwd", &room, room.count)
        guard count > 0 else { return nil }
        return FilePath(String(decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

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

    /// Ends this process as another one has ended: with its exit code, or by its signal (without a core).
    ///
    /// - Parameter status: as wait(2) gives it.
    public static func end(as status: CInt) -> Never { ukh_end_as(status) }

    /// Makes orphaned descendants children of this process.
    public static func becomeSubreaper() throws {
        try HostError.check(ukh_set_subreaper(1), "become", "subreaper")
    }
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
