import CFiles
import Glibc
import KernelProtocol
import SystemPackage

/// What the kernel's other parts ask of the tree.
extension FileSystem {
    /// mount(2) from inside: tmpfs, proc, sysfs, devpts, bind and remount of what is mounted there.
    package func mount(
        type: String, source: [UInt8], at point: Node, flags: UInt64, data: String, for caller: Caller
    ) throws(Errno) {
        let (readonly, noSetID, noDevices, noPrograms): (UInt64, UInt64, UInt64, UInt64) = (1, 2, 4, 8)
        if flags & 32 != 0 {
            guard point.parent == nil else { throw .invalidArgument }
            // What was mounted read-only from outside stays so.
            if flags & readonly != 0 { point.mount.isReadonly = true }
            return
        }
        // MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE: there is nobody to share with.
        if flags & (1 << 18 | 1 << 19 | 1 << 20 | 1 << 17) != 0 { return }
        let made: Mount
        if flags & 4096 != 0 {
            let node = try resolve(source, from: caller.folder, for: caller).node()
            guard node.isFolder == point.isFolder else { throw .notDirectory }
            guard node.isFolder, node.mount.tree == nil || node.parent == nil else { throw .notSupportedOnSocket }
            throw .notSupportedOnSocket
        } else {
            guard ["tmpfs", "proc", "sysfs", "devpts", "mqueue"].contains(type) else { throw Errno(rawValue: ENODEV) }
            guard point.isFolder else { throw .notDirectory }
            made = try makeFileSystem(
                MountSpecification(
                    destination: "", type: type, source: String(decoding: source, as: UTF8.self),
                    options: data.split(separator: ",").map { String($0) }))
        }
        made.isReadonly = flags & readonly != 0
        made.forbidsSetID = flags & noSetID != 0
        made.forbidsDevices = flags & noDevices != 0
        made.forbidsPrograms = flags & noPrograms != 0
        var covered = point
        if covered.parent == nil, let below = covered.mount.point {
            // On top of what is mounted there already: the older one stays below.
            made.covered = covered.mount
            covered = below
        }
        attach(made, to: covered)
    }

    /// umount2(2).
    package func unmount(_ node: Node) throws(Errno) {
        let mount = node.mount
        guard node.parent == nil, let point = mount.point else { throw .invalidArgument }
        mount.detach()
        if let older = mount.covered { older.attach(to: point) }
        mounts.removeAll { $0 === mount }
        openedNodes = openedNodes.filter { $0.value.mount !== mount }
        shared?.flush()
    }

    /// - Throws: `EACCES` unless the folder may be entered.
    package func checkSearch(_ node: Node, for caller: Caller) throws(Errno) {
        guard try attributes(of: node).grants(.execute, to: caller.credentials) else { throw .permissionDenied }
    }

    /// Whether a node's file is one that nobody changes.
    package func isOfLayer(_ node: Node) -> Bool {
        node.synthetic == nil && !node.isRemoved && node.mount.tree?.isLayer(node.place) == true
    }

    /// Whether set-id bits of programs mean nothing where the node lies.
    package func forbidsSetID(_ node: Node) -> Bool { node.mount.forbidsSetID }

    /// A descriptor (O_PATH) for what inotify is to watch in a node's place. A folder is brought into the writable folder
    /// first: that is where its changes happen.
    package func watchable(_ node: Node) throws(Errno) -> CInt {
        if node.isFolder, let tree = node.mount.tree, tree.isWritable, !node.mount.isReadonly { try copyUp(node) }
        return try hostDescriptor(of: node)
    }

    /// The folder at an absolute path; it and what leads to it are made when they are missing, for the given owner.
    package func makeFolders(_ path: [UInt8], for caller: Caller, uid: UInt32, gid: UInt32) throws(Errno) -> Node {
        var caller = caller
        var done: [UInt8] = []
        var node = root
        for component in path.split(separator: UInt8(ascii: "/")) {
            done.append(UInt8(ascii: "/"))
            done += component
            let found = try resolve(done, from: root, for: caller)
            if case .node(let next)? = found.place {
                node = next
            } else {
                caller.credentials.uid = uid
                caller.credentials.gid = gid
                node = try makeFolder(found.name, in: found.parent, for: caller, mode: 0o755)
            }
        }
        guard node.isFolder else { throw .notDirectory }
        return node
    }

    /// Removes a folder of the host with all that is in it; it may be missing.
    package static func removeHostFolder(_ path: String) throws(Errno) {
        let folder = ukf_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
        if folder == -ENOENT { return }
        try check(folder)
        defer { close(folder) }
        for entry in try readEntries(folder) { try removeHostEntry(entry.name, entry.type, in: folder) }
        try check(ukf_unlink(AT_FDCWD, path, AT_REMOVEDIR))
    }
}
