extension RuntimeSpec {
    /// The specification that engines start from when an image is to be run: the mounts, capabilities, masked and
    /// read-only paths that containerd gives a container on Linux.
    ///
    /// - Parameters:
    ///   - arguments: argv of the first process.
    ///   - cgroupsPath: such as `/NAMESPACE/ID`.
    public static func `default`(
        arguments: [String] = [], environment: [String] = [defaultPath], workingDirectory: String = "/",
        user: User = User(), terminal: Bool = false, rootPath: String = "rootfs", readonlyRoot: Bool? = nil,
        hostname: String? = nil, cgroupsPath: String? = nil, annotations: [String: String]? = nil
    ) -> RuntimeSpec {
        RuntimeSpec(
            process: Process(
                terminal: terminal ? true : nil, user: user, args: arguments, env: environment, cwd: workingDirectory,
                capabilities: CapabilitySets(defaultCapabilities),
                rlimits: [Rlimit(type: "RLIMIT_NOFILE", hard: 1024, soft: 1024)], noNewPrivileges: true),
            root: Root(path: rootPath, readonly: readonlyRoot), hostname: hostname, mounts: defaultMounts,
            annotations: annotations,
            linux: Linux(
                resources: Resources(devices: [DeviceRule(allow: false, access: "rwm")]), cgroupsPath: cgroupsPath,
                namespaces: defaultNamespaces, maskedPaths: defaultMaskedPaths, readonlyPaths: defaultReadonlyPaths))
    }

    /// `PATH=...` of a process whose image sets none.
    public static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The capabilities of a container's root user, as docker and containerd have them.
    public static let defaultCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    /// All of capabilities(7), numbered after linux/capability.h: the name of capability `i` at index `i`.
    public static let allCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// /proc, /dev, /dev/pts, /dev/shm, /dev/mqueue, /sys and /run.
    public static let defaultMounts = [
        Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
        Mount(
            destination: "/dev", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        Mount(
            destination: "/dev/pts", type: "devpts", source: "devpts",
            options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        Mount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]),
        Mount(
            destination: "/run", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ]

    /// A namespace of each kind but user and cgroup.
    public static let defaultNamespaces = ["pid", "ipc", "uts", "mount", "network"].map { Namespace(type: $0) }

    /// What a container finds empty.
    public static let defaultMaskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/sys/devices/virtual/powercap", "/proc/scsi",
    ]

    /// What a container cannot write.
    public static let defaultReadonlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}
