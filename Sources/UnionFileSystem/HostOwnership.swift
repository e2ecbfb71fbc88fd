import CFiles
import Glibc

/// Owners and modes on the host itself, where the kernel runs as a root that may set them.
///
/// Engines that need root (dockerd, podman, buildah) read a container's root folder and volumes without us: what they commit,
/// build or share must have the owners that the container gave. Where the host refuses, the note alone tells.
enum HostOwnership {
    /// Whether the host lets this process give files away, and reach them whatever their mode (capabilities(7): CAP_CHOWN,
    /// CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID).
    static let isOurs: Bool = {
        guard geteuid() == 0, let status = readHostFile("/proc/self/status") else { return false }
        let wanted: UInt64 = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4
        for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: "CapEff:".utf8) {
            let digits = String(decoding: line.dropFirst(7).drop { $0 <= UInt8(ascii: " ") }, as: UTF8.self)
            return UInt64(digits, radix: 16).map { $0 & wanted == wanted } ?? false
        }
        return false
    }()

    /// Gives the host's file a container's owner and mode, unless it only stands for one of another type.
    ///
    /// - Returns: the stat of the host's file afterwards.
    static func settle(
        _ attributes: Attributes, _ descriptor: CInt, _ path: UnsafePointer<CChar>, host: ukf_stat
    ) -> ukf_stat {
        guard FileType(mode: host.mode) == attributes.type else { return host }
        var host = host
        if host.uid != attributes.uid || host.gid != attributes.gid {
            guard ukf_chown(descriptor, path, attributes.uid, attributes.gid) == 0 else { return host }
            host.uid = attributes.uid
            host.gid = attributes.gid
            // The host takes set-id bits away from a file that changes hands.
            if attributes.type == .file { host.mode &= ~0o6000 }
        }
        if attributes.type != .link, host.mode & 0o7777 != attributes.mode,
            ukf_chmod(descriptor, path, attributes.mode) == 0
        {
            host.mode = host.mode & ~0o7777 | attributes.mode
        }
        return host
    }
}
