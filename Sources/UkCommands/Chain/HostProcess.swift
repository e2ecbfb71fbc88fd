import Glibc
import Host
import SystemPackage

/// A process of the host, as /proc shows it to whoever may look (proc(5)).
struct HostProcess: Sendable {
    var pid: pid_t
    var parent: pid_t
    /// The command line; empty for a zombie and for what may not be seen.
    var arguments: [String]
    /// The name in /proc/PID/comm, at most 15 characters.
    var name: String

    /// The program's name without its folder.
    var program: String { arguments.first.map { String($0.split(separator: "/").last ?? "") } ?? name }

    /// The word after `option` on the command line.
    func argument(after option: String) -> String? {
        guard let index = arguments.firstIndex(of: option), arguments.indices.contains(index + 1) else { return nil }
        return arguments[index + 1]
    }

    /// All processes that this user may look at: the user's own, and for root everyone's.
    static func all() -> [HostProcess] {
        let me = geteuid()
        return entries("/proc").compactMap { name in
            guard let pid = pid_t(name) else { return nil }
            var status = stat()
            guard stat("/proc/\(pid)", &status) == 0, me == 0 || status.st_uid == me || status.st_uid == 0 else {
                return nil
            }
            return HostProcess(pid: pid)
        }
    }

    /// The process with this id; nil when it is gone.
    init?(pid: pid_t) {
        guard let parent = Processes.parent(of: pid), let line = readSmallFile("/proc/\(pid)/cmdline") else {
            return nil
        }
        self.pid = pid
        self.parent = parent
        arguments = line.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
        name = (readSmallFile("/proc/\(pid)/comm") ?? "").trimmed
    }

    /// Memory of the process in bytes, shared pages divided among their users; nil when it may not be asked.
    var pss: Int64? {
        guard let text = readSmallFile("/proc/\(pid)/smaps_rollup") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
        }
        return nil
    }

    /// What the process's descriptors are: `socket:[123]`, or a path.
    var openFiles: [String] {
        let folder = "/proc/\(pid)/fd"
        return Self.entries(folder).compactMap { readLink("\(folder)/\($0)") }
    }

    /// The fifos that the process holds open.
    var fifos: [String] {
        Set(openFiles).filter { path in
            var status = stat()
            return path.hasPrefix("/") && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        }.sorted()
    }

    /// The names of a folder's entries; none when it cannot be read.
    private static func entries(_ path: String) -> [String] { (try? Folders.names(in: FilePath(path))) ?? [] }
}

/// The listening unix sockets of the host by inode (/proc/net/unix).
struct ListeningSockets: Sendable {
    private var paths: [String: String] = [:]

    /// The sockets as they are now.
    init() {
        guard let text = readSmallFile("/proc/net/unix") else { return }
        for line in text.split(separator: "\n").dropFirst() {
            // Num RefCount Protocol Flags Type St Inode Path; the flag 0x10000 is "listening".
            let fields = line.split(separator: " ", maxSplits: 7).map(String.init)
            guard fields.count == 8, fields[3] == "00010000" else { continue }
            paths[fields[6]] = fields[7]
        }
    }

    /// The paths on which `process` listens.
    func paths(of process: HostProcess) -> [String] {
        Set(
            process.openFiles.compactMap { file in
                guard file.hasPrefix("socket:["), file.last == "]" else { return nil }
                return paths[String(file.dropFirst(8).dropLast())]
            }
        ).sorted()
    }
}
