import CFiles

/// What tells one file of the host from all others.
struct HostID: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64

    init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    init(_ stat: ukf_stat) {
        device = UInt64(stat.dev_major) << 32 | UInt64(stat.dev_minor)
        inode = stat.ino
    }
}
