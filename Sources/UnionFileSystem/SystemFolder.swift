/// /sys as a container sees it: the processors, memory and kernel settings that programs ask for, and nothing of the host's devices.
enum SystemFolder {
    static func make(_ files: FileSystem) -> MadeFolder {
        let empty = MadeItem.folder(MadeFolder([:]), mode: 0o755)
        return MadeFolder([
            "block": empty,
            "bus": empty,
            "class": .folder(MadeFolder(["net": empty, "block": empty, "tty": empty]), mode: 0o755),
            "dev": .folder(MadeFolder(["block": empty, "char": empty]), mode: 0o755),
            "devices": .folder(
                MadeFolder([
                    "system": .folder(
                        MirrorFolder(
                            "/sys/devices/system",
                            allowed: { $0 == "cpu" || $0 == "node" || $0.hasPrefix("cpu/") || $0.hasPrefix("node/") }),
                        mode: 0o755),
                    "virtual": .folder(MadeFolder(["net": empty]), mode: 0o755),
                ]), mode: 0o755),
            "firmware": empty,
            "fs": .folder(MadeFolder(["cgroup": .folder(makeControlGroup(files))]), mode: 0o755),
            "kernel": .folder(
                MadeFolder([
                    "mm": .folder(
                        MirrorFolder(
                            "/sys/kernel/mm",
                            allowed: { $0.hasPrefix("transparent_hugepage") || $0.hasPrefix("hugepages") }),
                        mode: 0o755)
                ]), mode: 0o755),
            "module": empty,
            "power": empty,
        ])
    }

    /// A control group that tells the container's limits; nothing can be limited from inside.
    static func makeControlGroup(_ files: FileSystem) -> MadeFolder {
        func told(_ name: String) -> MadeItem {
            MadeItem.file { [unowned files] _ in Array(files.groupText(name).utf8) }
        }
        return MadeFolder([
            "cgroup.controllers": .text("cpu memory pids\n"),
            "cgroup.events": .text("populated 1\nfrozen 0\n"),
            "cgroup.subtree_control": .text("\n"),
            "cgroup.type": .text("domain\n"),
            "cpu.max": told("cpu.max"),
            "memory.current": told("memory.current"),
            "memory.max": told("memory.max"),
            "pids.current": told("pids.current"),
            "pids.max": told("pids.max"),
        ])
    }
}
