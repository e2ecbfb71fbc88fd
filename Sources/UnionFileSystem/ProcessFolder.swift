import CFiles
import Glibc
import SystemPackage

/// /proc/PID and /proc/PID/task/TID (proc_pid(5)).
final class ProcessFolder: SyntheticFolder {
    private unowned let files: FileSystem
    private let number: Int32
    /// The host's number of the thread, for a folder below `task`.
    private let thread: Int32?
    /// The process's; nil for a thread's folder.
    var ownNumber: Int32? { thread == nil ? number : nil }

    init(_ files: FileSystem, number: Int32, thread: Int32?) {
        self.files = files
        self.number = number
        self.thread = thread
    }

    private static let copied = [
        "auxv", "environ", "io", "limits", "sched", "schedstat", "statm", "wchan", "oom_score", "coredump_filter",
        "personality", "timerslack_ns",
    ]
    /// Opened on the host itself, so that they can be written.
    private static let opened = ["comm", "oom_score_adj", "clear_refs", "mem"]
    private static let folders = ["fd", "fdinfo", "net", "ns", "task"]
    private static let made = [
        "cgroup", "cmdline", "gid_map", "maps", "mountinfo", "mounts", "mountstats", "projid_map",
        "setgroups", "smaps", "smaps_rollup", "stat", "status", "uid_map",
    ]
    private static let links = ["cwd", "exe", "root"]

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        var result: [(name: Name, type: FileType)] = []
        for name in Self.folders where thread == nil || name != "task" { result.append((Name(name), .folder)) }
        for name in Self.links { result.append((Name(name), .link)) }
        for name in Self.copied + Self.opened + Self.made { result.append((Name(name), .file)) }
        return result
    }

    func item(named name: Name, for caller: Caller) throws(Errno) -> (any SyntheticItem)? {
        guard let view = files.processes?.processView(number) else { return nil }
        let files = files
        let host = "/proc/\(view.hostNumber)" + (thread.map { "/task/\($0)" } ?? "")
        let (uid, gid) = (view.uids.effective, view.gids.effective)
        let mayLook = caller.credentials.uid == uid || caller.credentials.capabilities & (1 << 19) != 0
        func made(mode: UInt32 = 0o444, _ read: @escaping (Caller) throws(Errno) -> [UInt8]) -> MadeItem {
            MadeItem(.file, mode: mode, uid: uid, gid: gid, .file(read: read))
        }
        func text(_ text: String) -> MadeItem { made { _ in Array(text.utf8) } }
        func magic(_ text: @escaping () -> [UInt8]?, _ target: @escaping () throws(Errno) -> Place) -> MadeItem {
            MadeItem(
                .link, mode: 0o777, uid: uid, gid: gid,
                .magic(
                    text: { caller throws(Errno) in
                        guard mayLook else { throw .permissionDenied }
                        guard let text = text() else { throw .noSuchFileOrDirectory }
                        return text
                    },
                    target: { _ throws(Errno) in
                        guard mayLook else { throw .permissionDenied }
                        return try target()
                    }))
        }

        let name = name.string
        switch name {
        case "cwd":
            return magic(
                { files.path(of: view.folder, from: caller.root) ?? Array("(unreachable)".utf8) },
                { .node(view.folder) })
        case "root":
            return magic({ files.path(of: view.root, from: caller.root) ?? [UInt8(ascii: "/")] }, { .node(view.root) })
        case "exe":
            guard !view.executable.isEmpty else { return nil }
            return magic(
                { view.executable },
                { () throws(Errno) in
                    try files.resolve(view.executable, from: view.root, for: files.kernelCaller()).place
                        ?? .descriptor(path: Array("/proc/self/null".utf8))
                })
        case "fd", "fdinfo":
            return MadeItem(
                .folder, mode: 0o500, uid: uid, gid: gid,
                .folder(
                    DescriptorFolder(files, number, host: host, isInformation: name == "fdinfo", uid: uid, gid: gid)))
        case "task" where thread == nil:
            return MadeItem.folder(TaskFolder(files, number: number, host: view.hostNumber))
        case "net": return MadeItem.folder(NetworkFolder.folder(of: files))
        case "ns": return MadeItem.folder(NamespaceFolder(uid: uid, gid: gid), mode: 0o511)
        case "cgroup": return text("0::/\n")
        case "uid_map", "gid_map", "projid_map": return text("         0          0 4294967295\n")
        case "setgroups": return text("allow\n")
        case "mounts": return made { caller in files.mountsText(for: caller.root) }
        case "mountinfo": return made { caller in files.mountInformation(for: caller.root) }
        case "mountstats": return made(mode: 0o400) { _ in [] }
        case "cmdline":
            return made { _ throws(Errno) in
                let arguments = try files.hostText(host, "cmdline")
                return Array(view.interpreterArguments.map { $0 + [0] }.joined()) + arguments
            }
        case "status":
            return made { caller throws(Errno) in
                try files.statusText(of: view, thread: self.thread, host: host, for: caller)
            }
        case "stat":
            return made { caller throws(Errno) in
                try files.statText(of: view, thread: self.thread, host: host, for: caller)
            }
        case "maps", "smaps", "smaps_rollup":
            return made { _ throws(Errno) in
                guard mayLook else { throw .permissionDenied }
                return files.mapsText(try files.hostText(host, name))
            }
        default:
            if Self.copied.contains(name) {
                return made(mode: name == "environ" || name == "auxv" || name == "io" ? 0o400 : 0o444) {
                    _ throws(Errno) in try files.hostText(host, name)
                }
            }
            if name == "mem" {
                // Before its first program a process is still a copy of the one that bore it.
                guard mayLook, !view.executable.isEmpty else { throw .permissionDenied }
                return MadeItem(.file, mode: 0o600, uid: uid, gid: gid, .host(path: Array((host + "/mem").utf8)))
            }
            if Self.opened.contains(name) {
                return MadeItem(.file, mode: 0o644, uid: uid, gid: gid, .host(path: Array((host + "/" + name).utf8)))
            }
            return nil
        }
    }
}

extension Node {
    /// The process whose folder in /proc this is.
    package var processNumber: Int32? {
        guard case .folder(let folder)? = synthetic?.content else { return nil }
        return (folder as? ProcessFolder)?.ownNumber
    }
}

/// /proc/PID/task.
final class TaskFolder: SyntheticFolder {
    private unowned let files: FileSystem
    private let number: Int32
    private let host: Int32

    init(_ files: FileSystem, number: Int32, host: Int32) {
        self.files = files
        self.number = number
        self.host = host
    }

    func item(named name: Name, for caller: Caller) -> (any SyntheticItem)? {
        guard let thread = Int32(name.string) else { return nil }
        let hostThread = thread == number ? host : thread
        guard hostThread == host || files.processes?.isThread(hostThread, of: number) == true else { return nil }
        return MadeItem.folder(ProcessFolder(files, number: number, thread: hostThread))
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        hostNames("/proc/\(host)/task").map {
            (Int32($0.name.string) == host ? Name("\(number)") : $0.name, .folder)
        }
    }
}

/// /proc/PID/fd and /proc/PID/fdinfo.
final class DescriptorFolder: SyntheticFolder {
    private unowned let files: FileSystem
    private let process: Int32
    private let host: String
    private let isInformation: Bool
    private let uid: UInt32
    private let gid: UInt32

    init(_ files: FileSystem, _ process: Int32, host: String, isInformation: Bool, uid: UInt32, gid: UInt32) {
        self.files = files
        self.process = process
        self.host = host
        self.isInformation = isInformation
        self.uid = uid
        self.gid = gid
    }

    func item(named name: Name, for caller: Caller) throws(Errno) -> (any SyntheticItem)? {
        guard let number = UInt32(name.string) else { return nil }
        let path = "\(host)/fd/\(number)"
        var link = stat()
        guard lstat(path, &link) == 0, number < UKI_FIRST_KEPT || !kept.contains(Int32(number)) else { return nil }
        if isInformation { return MadeItem.copy(of: "\(host)/fdinfo/\(number)", mode: 0o400) }
        let files = files
        return MadeItem(
            .link, mode: link.st_mode & 0o700, uid: uid, gid: gid,
            .magic(
                text: { caller throws(Errno) in try files.descriptorText(path, for: caller) },
                target: { caller throws(Errno) in
                    if let node = try files.node(behind: path) { return .node(node) }
                    let pinned = try files.pin(path)
                    if let node = try files.node(behind: pinned) { return .node(node) }
                    return .descriptor(path: Array(pinned.utf8))
                }))
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        let all = hostNames(host + (isInformation ? "/fdinfo" : "/fd")).map { Int32($0.name.string) ?? -1 }
        let kept = all.contains { $0 >= UKI_FIRST_KEPT } ? kept : []
        return all.filter { !kept.contains($0) }.map { (Name("\($0)"), isInformation ? .file : .link) }
    }

    /// What this kernel keeps ready there was not opened by the program.
    private var kept: Set<Int32> { files.processes?.keptDescriptors(of: process) ?? [] }
}

/// /proc/PID/ns: every process of the container has this kernel's (setns(2) is refused).
final class NamespaceFolder: SyntheticFolder {
    private static let path = "/proc/self/ns"
    private let uid: UInt32
    private let gid: UInt32

    init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }

    func item(named name: Name, for caller: Caller) -> (any SyntheticItem)? {
        let path = Self.path + "/" + name.string
        guard !name.bytes.contains(UInt8(ascii: "/")), let text = hostLink(path) else { return nil }
        return MadeItem(
            .link, mode: 0o777, uid: uid, gid: gid,
            .magic(text: { _ in text }, target: { _ in .descriptor(path: Array(path.utf8)) }))
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] { hostNames(Self.path) }
}
