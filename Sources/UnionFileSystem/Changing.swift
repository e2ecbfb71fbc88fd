import CFiles
import Glibc
import SystemPackage

/// Changing what is known about a file.
extension FileSystem {
    /// The stat of a node, as the container sees it.
    package func stat(_ node: Node) throws(Errno) -> ukf_stat {
        let node = node.real
        guard node.synthetic == nil, let tree = node.mount.tree else {
            let attributes = node.synthetic!.attributes
            var result = ukf_stat()
            result.mask = 0x7ff
            result.nlink = node.isFolder ? 2 : 1
            result.blksize = 4096
            let now = bootTime
            result.atime = now
            result.mtime = now
            result.ctime = now
            show(attributes, on: node.mount, in: &result)
            result.ino = inode(ofSynthetic: node)
            return result
        }
        if node.isRemoved {
            // Its host folder is gone; who works in it still sees what it was.
            var result = ukf_stat()
            result.mask = 0x7ff
            result.blksize = 4096
            show(node.attributes ?? Attributes(type: node.type, mode: 0o755), on: node.mount, in: &result)
            return result
        }
        var (host, attributes) = try tree.stat(node)
        if node.isMerged { host.nlink = 1 }
        show(attributes, on: node.mount, in: &host)
        return host
    }

    /// Puts attributes over a host's stat.
    func show(_ attributes: Attributes, on mount: Mount, in stat: inout ukf_stat) {
        if attributes.type.isDevice {
            stat.size = 0
            stat.blocks = 0
        } else if attributes.type == .link {
            stat.blocks = 0
        }
        stat.mode = attributes.type.bits | attributes.mode
        stat.uid = attributes.uid
        stat.gid = attributes.gid
        stat.rdev_major = attributes.deviceMajor
        stat.rdev_minor = attributes.deviceMinor
        stat.ino = attributes.inode
        stat.dev_major = 0
        stat.dev_minor = mount.deviceMinor
    }

    /// The number that statx calls the mount's.
    package func mountNumber(of node: Node) -> Int { node.mount.id }

    /// Writes new owner and mode of a node of the writable place.
    private func write(_ attributes: Attributes, of node: Node) throws(Errno) {
        let tree = node.mount.tree!
        try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            var host = ukf_stat()
            try check(ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host))
            let hostType = FileType(mode: host.mode)
            // What is as it was is told to the host all the same: the time of change is another then (chmod(2), chown(2)).
            if hostType != .link {
                let mode = Tree.hostMode(for: attributes.mode, type: hostType)
                try check(ukf_chmod(descriptor, path, mode))
                host.mode = host.mode & ~0o7777 | mode
            } else if !HostOwnership.isOurs {
                _ = ukf_chown(descriptor, path, geteuid(), .max)
            }
            let origin = attributes.inode != host.ino ? attributes.inode : nil
            try tree.writeNote(attributes, origin: origin, descriptor, path, host: host)
        }
        if node.attributes != nil { node.attributes = attributes }
        shared?.changed(node, attributes)
    }

    /// What a program loses that is about to be written: its capabilities, and the set-id bits unless the writer may keep
    /// them (capabilities(7), inode(7)).
    func dropPrivileges(of node: Node, for who: Credentials) throws(Errno) {
        guard node.type == .file else { return }
        try dropCapabilities(of: node)
        var changed = try attributes(of: node)
        guard !who.keepsSetID, changed.mode & 0o6000 != 0 else { return }
        changed.dropSetID(for: who)
        try write(changed, of: node)
    }

    private func dropCapabilities(of node: Node) throws(Errno) {
        let tree = node.mount.tree!
        try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            _ = ukf_removexattr(descriptor, path, Tree.xattrPrefix + "security.capability")
        }
    }

    /// - Returns: the node that is to be changed.
    private func prepareChange(_ node: Node) throws(Errno) -> Node {
        guard node.synthetic == nil else { throw .notPermitted }
        try demandWritable(node)
        try copyUp(node.real)
        return node.real
    }

    /// chmod(2).
    package func setMode(_ mode: UInt32, of node: Node, for caller: Caller) throws(Errno) {
        if node.type == .link { throw .notSupportedOnSocket }
        var changed = try attributes(of: node)
        guard changed.isOwned(by: caller.credentials) else { throw .notPermitted }
        if let terminal = node.synthetic as? TerminalItem {
            changed.mode = mode & 0o7777
            terminal.attributes = changed
            return
        }
        let node = try prepareChange(node)
        changed.mode = mode & 0o7777
        if !caller.credentials.keepsSetID, !caller.credentials.isMember(of: changed.gid) { changed.mode &= ~0o2000 }
        try write(changed, of: node)
    }

    /// chown(2); nil leaves an id as it is.
    package func setOwner(uid: UInt32?, gid: UInt32?, of node: Node, for caller: Caller) throws(Errno) {
        let credentials = caller.credentials
        var changed = try attributes(of: node)
        if !credentials.mayChangeOwner, uid != nil || gid != nil {
            let keepsOwner = uid == nil || uid == changed.uid
            let mayGroup = gid == nil || gid == changed.gid || credentials.isMember(of: gid!)
            guard keepsOwner, mayGroup, credentials.uid == changed.uid else { throw .notPermitted }
        }
        if let terminal = node.synthetic as? TerminalItem {
            changed.uid = uid ?? changed.uid
            changed.gid = gid ?? changed.gid
            terminal.attributes = changed
            return
        }
        let node = try prepareChange(node)
        if node.type == .file {
            changed.dropSetID(for: credentials)
            try dropCapabilities(of: node)
        }
        changed.uid = uid ?? changed.uid
        changed.gid = gid ?? changed.gid
        // A symbolic link of the host can only be root's here: it becomes a file that stands for one, or back.
        if node.type == .link, !node.mount.tree!.isVolatile { try remakeLink(node, changed) }
        try write(changed, of: node)
    }

    private func remakeLink(_ node: Node, _ attributes: Attributes) throws(Errno) {
        let tree = node.mount.tree!
        let host = try tree.hostStat(node)
        let isPlain = attributes.uid == 0 && attributes.gid == 0
        // With several names it stays as it is: a stand-in for root's, or a link whose owner is kept in memory.
        if HostOwnership.isOurs, FileType(mode: host.mode) == .link { return }
        guard (FileType(mode: host.mode) == .link) != isPlain, host.nlink == 1, let parent = node.parent else { return }
        let text = try tree.at(node, place: 0) { descriptor, path throws(Errno) in try tree.readLink(descriptor, path) }
        let working = tree.nextWorkName()
        try withCString(working.bytes) { name throws(Errno) in
            if isPlain {
                try withCString(text) { text throws(Errno) in _ = try check(ukf_symlink(text, tree.work, name)) }
            } else {
                let file = try check(ukf_open(tree.work, name, O_CREAT | O_EXCL | O_WRONLY, 0o600))
                defer { close(file) }
                try check(ukf_write(file, text, text.count))
                var made = ukf_stat()
                try check(ukf_stat(tree.work, name, AT_SYMLINK_NOFOLLOW, &made))
                try tree.writeNote(attributes, origin: attributes.inode, tree.work, name, host: made)
            }
            let times = [host.atime, Int64(host.atime_ns), host.mtime, Int64(host.mtime_ns)]
            _ = ukf_utimens(tree.work, name, times)
            try tree.at(node, place: 0) { descriptor, path throws(Errno) in
                _ = try check(ukf_rename(tree.work, name, descriptor, path, 0))
            }
        }
        node.hostID = HostID(try tree.hostStat(node))
        if isPlain { node.attributes?.inode = node.hostID!.inode } else { try tree.markSpecial(parent) }
    }

    /// utimensat(2). `times`: seconds and nanoseconds of access and of modification, as utimensat takes them; nil: now.
    package func setTimes(_ times: [Int64]?, of node: Node, for caller: Caller) throws(Errno) {
        let now: Int64 = 0x3fff_ffff
        let omit: Int64 = 0x3fff_fffe
        if let times, times[1] == omit, times[3] == omit { return }
        let owner = try attributes(of: node)
        if !owner.isOwned(by: caller.credentials) {
            guard times == nil || (times![1] == now && times![3] == now) else { throw .notPermitted }
            try demand(.write, on: node, for: caller.credentials)
        }
        let node = try prepareChange(node)
        let tree = node.mount.tree!
        try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            _ = try check(ukf_utimens(descriptor, path, times))
        }
        shared?.forget(node)
    }

    /// truncate(2).
    package func setSize(_ size: Int64, of node: Node, for caller: Caller) throws(Errno) {
        guard !node.isFolder else { throw .isDirectory }
        guard node.type == .file, size >= 0 else { throw .invalidArgument }
        if node.real.mount.space != nil, let tree = node.real.mount.tree {
            let had = try tree.stat(node.real).host.size
            if UInt64(size) > had { try demandSpace(on: node.mount, for: UInt64(size) - had) }
        }
        guard case .descriptor(let file) = try open(node, for: caller, flags: O_WRONLY) else { throw .invalidArgument }
        defer { close(file) }
        try check(ukf_truncate(file, size))
    }

    /// access(2).
    package func checkAccess(_ access: Access, to node: Node, for caller: Caller) throws(Errno) {
        if access.contains(.write), node.type == .file || node.isFolder || node.type == .link, node.synthetic == nil {
            try demandWritable(node)
        }
        if access.rawValue != 0 {
            guard try attributes(of: node).grants(access, to: caller.credentials) else { throw .permissionDenied }
            if access.contains(.execute), node.type == .file, node.mount.forbidsPrograms { throw .permissionDenied }
        }
    }

    /// statfs(2): the kernel's `struct statfs` as bytes.
    package func statFileSystem(_ node: Node) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        let mount = node.mount
        let flags =
            UInt64(mount.isReadonly ? 1 : 0) | (mount.forbidsSetID ? 2 : 0) | (mount.forbidsDevices ? 4 : 0)
            | (mount.forbidsPrograms ? 8 : 0)
        var size = 0
        if let tree = node.real.mount.tree, let place = tree.places.first {
            size = try check(ukf_statfs(place.descriptor, &bytes))
            if let space = mount.space {
                let used = (usedSpace(of: mount) + 4095) / 4096
                let blocks = space.size / 4096
                size = ukf_statfs_set(&bytes, 0, blocks, blocks > used ? blocks - used : 0, blocks, 0, 0)
            }
            let types: [String: UInt64] = ["overlay": 0x794c_7630, "tmpfs": 0x0102_1994]
            ukf_statfs_mark(&bytes, tree.isVolatile ? 0 : types[mount.type] ?? 0, flags, UInt64(mount.id))
        } else {
            let types: [String: UInt64] = [
                "proc": 0x9fa0, "sysfs": 0x6265_6572, "devpts": 0x1cd1, "cgroup2": 0x6367_7270,
            ]
            size = ukf_statfs_set(&bytes, types[mount.type] ?? 0x0102_1994, 0, 0, 0, flags, UInt64(mount.id))
        }
        bytes.removeLast(bytes.count - size)
        return bytes
    }
}
