import KernelProtocol
import OCISpec

/// Capabilities by name: capabilities(7), numbered after linux/capability.h.
public enum CapabilityNames {
    /// The name of capability `i` at index `i`.
    public static let all = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// Names as a bit mask. A name that is not known is passed over, as config.md asks for where a capability cannot be
    /// granted.
    public static func mask(_ names: [String]?) -> UInt64 {
        (names ?? []).reduce(0) { mask, name in
            let upper = name.uppercased()
            let full = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
            return all.firstIndex(of: full).map { mask | 1 << UInt64($0) } ?? mask
        }
    }
}

extension Capabilities {
    /// The sets that a config.json names; none at all where it is silent.
    package init(_ sets: RuntimeSpec.CapabilitySets?) {
        self.init(
            bounding: CapabilityNames.mask(sets?.bounding), effective: CapabilityNames.mask(sets?.effective),
            inheritable: CapabilityNames.mask(sets?.inheritable), permitted: CapabilityNames.mask(sets?.permitted),
            ambient: CapabilityNames.mask(sets?.ambient))
    }
}
