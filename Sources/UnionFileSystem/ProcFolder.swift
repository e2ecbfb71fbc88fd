import Glibc
import SystemPackage

/// The root of /proc: the container's processes, and what the kernel says of the system (proc(5)).
final class ProcFolder: SyntheticFolder {
    private unowned let files: FileSystem
    private let fixed: MadeFolder

    init(_ files: FileSystem) {
        self.files = files
        let identity = { [unowned files] in files.identity }
        fixed = MadeFolder([
            "self": MadeItem(.link, mode: 0o777, .link(target: { caller in Array("\(caller.process)".utf8) })),
            "thread-self": MadeItem(
                .link, mode: 0o777,
                .link(target: { caller in
                    let thread = caller.hostThread == caller.hostProcess ? caller.process : caller.hostThread
                    return Array("\(caller.process)/task/\(thread)".utf8)
                })),
            "mounts": .link("self/mounts"),
            "net": .link("self/net"),
            "cmdline": .text("\n"),
            "cgroups": .text("#subsys_name\thierarchy\tnum_cgroups\tenabled\n"),
            "consoles": .text(""),
            "cpuinfo": MadeItem.file { [unowned files] _ in files.processorText() },
            "crypto": .text(""),
            "devices": .live("/proc/devices"),
            "diskstats": .text(""),
            "filesystems": .text("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\nnodev\toverlay\n"),
            "interrupts": .live("/proc/interrupts"),
            "kcore": MadeItem(.file, mode: 0o400, .file(read: { _ throws(Errno) in throw .notPermitted })),
            "kmsg": MadeItem(.file, mode: 0o400, .file(read: { _ throws(Errno) in throw .notPermitted })),
            "loadavg": .live("/proc/loadavg"),
            "locks": .text(""),
            "meminfo": MadeItem.file { [unowned files] _ in files.memoryText() },
            "misc": .text(""),
            "modules": .text(""),
            "partitions": .text("major minor  #blocks  name\n\n"),
            "softirqs": .live("/proc/softirqs"),
            "stat": .live("/proc/stat"),
            "swaps": .live("/proc/swaps"),
            "sys": .folder(
                MirrorFolder(
                    "/proc/sys", allowed: { !$0.hasPrefix("kernel/keys") && !$0.hasPrefix("kernel/usermodehelper") },
                    overrides: { Self.sysctl($0, identity()) })),
            "uptime": .live("/proc/uptime"),
            "version": MadeItem.file { _ in
                let system = identity()
                return Array("Linux version \(system.release) (ukontainer) \(system.version)\n".utf8)
            },
            "vmstat": .live("/proc/vmstat"),
            "zoneinfo": .live("/proc/zoneinfo"),
        ])
    }

    func item(named name: Name, for caller: Caller) -> (any SyntheticItem)? {
        if let number = Int32(name.string), let view = files.processes?.processView(number) {
            return MadeItem(
                .folder, mode: 0o555, uid: view.uids.effective, gid: view.gids.effective,
                inode: UInt64(number) << 16 | 1, .folder(ProcessFolder(files, number: number, thread: nil)))
        }
        // A thread's number works as well, but is not listed.
        if let number = Int32(name.string), let owner = owner(ofThread: number),
            let view = files.processes?.processView(owner)
        {
            return MadeItem(
                .folder, mode: 0o555, uid: view.uids.effective, gid: view.gids.effective,
                .folder(ProcessFolder(files, number: owner, thread: nil)))
        }
        // Without a limit it is the host's, which who keeps it open (top, vmstat) can read again.
        if name.string == "meminfo", !files.hasMemoryLimit { return MadeItem.live("/proc/meminfo") }
        return fixed.item(named: name, for: caller)
    }

    private func owner(ofThread thread: Int32) -> Int32? {
        guard let processes = files.processes else { return nil }
        return processes.processNumbers().first { processes.isThread(thread, of: $0) }
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        fixed.names(for: caller) + (files.processes?.processNumbers() ?? []).map { (Name("\($0)"), FileType.folder) }
    }

    /// What this kernel says itself in /proc/sys.
    private static func sysctl(_ path: String, _ system: SystemIdentity) -> MadeItem? {
        switch path {
        case "kernel/hostname": return .text(system.hostname + "\n")
        case "kernel/domainname": return .text(system.domainname + "\n")
        case "kernel/osrelease": return .text(system.release + "\n")
        case "kernel/version": return .text(system.version + "\n")
        case "kernel/core_pattern": return .text("core\n")
        case "kernel/cap_last_cap": return .text("40\n")
        default:
            guard !system.sysctls.isEmpty,
                let value = system.sysctls[String(path.map { $0 == "/" ? "." : $0 })]
            else { return nil }
            return .text(value + "\n")
        }
    }
}
