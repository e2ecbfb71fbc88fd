import CFiles

/// /proc/PID/mounts and mountinfo (proc_pid_mountinfo(5)).
extension FileSystem {
    private func options(_ mount: Mount) -> String {
        var list = [mount.isReadonly ? "ro" : "rw"]
        if mount.forbidsSetID { list.append("nosuid") }
        if mount.forbidsDevices { list.append("nodev") }
        if mount.forbidsPrograms { list.append("noexec") }
        list.append("relatime")
        return list.joined(separator: ",")
    }

    private func point(_ mount: Mount, _ root: Node) -> [UInt8]? {
        guard let point = mount.point else {
            return path(of: mount.root, from: root) ?? (root === mount.root ? [0x2f] : nil)
        }
        guard let path = path(of: point, from: root) else { return nil }
        return escaped(path)
    }

    private func escaped(_ path: [UInt8]) -> [UInt8] {
        guard path.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\\") }) else { return path }
        return path.flatMap { byte -> [UInt8] in
            guard byte <= 0x20 || byte == UInt8(ascii: "\\") else { return [byte] }
            let digits = String(byte, radix: 8)
            return Array(("\\" + String(repeating: "0", count: 3 - digits.count) + digits).utf8)
        }
    }

    func mountsText(for root: Node) -> [UInt8] {
        enterMounts()
        var text: [UInt8] = []
        for mount in mounts {
            guard let point = point(mount, root) else { continue }
            let extra = mount.options.isEmpty ? "" : "," + mount.options
            text +=
                Array("\(mount.source) ".utf8) + point + Array(" \(mount.type) \(options(mount))\(extra) 0 0\n".utf8)
        }
        return text
    }

    func mountInformation(for root: Node) -> [UInt8] {
        enterMounts()
        var text: [UInt8] = []
        for mount in mounts {
            guard let point = point(mount, root) else { continue }
            let parent = mount.point?.mount.id ?? 0
            let extra = [mount.isReadonly ? "ro" : "rw", mount.options].filter { !$0.isEmpty }.joined(separator: ",")
            text += Array("\(mount.id + 20) \(parent + 20) 0:\(mount.deviceMinor) ".utf8)
            text += escaped(mount.shownRoot) + [0x20] + point
            text += Array(" \(options(mount)) - \(mount.type) \(mount.source) \(extra)\n".utf8)
        }
        return text
    }
}

extension Tree.Place {
    /// The name of the host's file system (statfs(2), f_type); `none` for one that is not well known.
    var fileSystem: String {
        var bytes = [UInt8](repeating: 0, count: 256)
        guard ukf_statfs(descriptor, &bytes) > 0 else { return "none" }
        return switch bytes.withUnsafeBytes({ $0.load(as: UInt64.self) }) & 0xffff_ffff {
        case 0xef53: "ext4"
        case 0x5846_5342: "xfs"
        case 0x9123_683e: "btrfs"
        case 0x2fc1_2fc1: "zfs"
        case 0xf2f5_2010: "f2fs"
        case 0x0102_1994: "tmpfs"
        case 0x794c_7630: "overlay"
        case 0x6969: "nfs"
        case 0x6573_5546: "fuse"
        default: "none"
        }
    }
}
