import CFiles
import Glibc
import KernelProtocol
import SystemPackage

/// mount(2) and umount2(2) from inside.
extension FileSystem {
    /// The flags of mount(2) that are acted upon (`linux/mount.h`).
    private struct MountFlags: OptionSet {
        let rawValue: UInt64
        static let readonly = MountFlags(rawValue: 1)
        static let noSetID = MountFlags(rawValue: 2)
        static let noDevices = MountFlags(rawValue: 4)
        static let noPrograms = MountFlags(rawValue: 8)
        static let remount = MountFlags(rawValue: 32)
        static let bind = MountFlags(rawValue: 4096)
        static let move = MountFlags(rawValue: 8192)
        static let recursive = MountFlags(rawValue: 16384)
        /// MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED.
        static let propagation = MountFlags(rawValue: 1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)
    }

    /// mount(2): tmpfs, proc, sysfs, devpts and mqueue; bind, move and remount of what is there.
    package func mount(
        type: String, source: [UInt8], at point: Node, flags: UInt64, data: String, for caller: Caller
    ) throws(Errno) {
        let flags = MountFlags(rawValue: flags)
        if flags.contains(.remount) { return try remount(point, flags) }
        if flags.contains(.bind) {
            let node = try resolve(source, from: caller.folder, for: caller).node()
            return try bind(node, at: point, isRecursive: flags.contains(.recursive), for: caller)
        }
        if flags.contains(.move) {
            return try move(try resolve(source, from: caller.folder, for: caller).node(), to: point)
        }
        // There is nobody to share with.
        if !flags.isDisjoint(with: .propagation) { return }
        guard ["tmpfs", "proc", "sysfs", "devpts", "mqueue"].contains(type) else { throw Errno(rawValue: ENODEV) }
        guard point.isFolder else { throw .notDirectory }
        let made = try makeFileSystem(
            MountSpecification(
                destination: "", type: type, source: String(decoding: source, as: UTF8.self),
                options: data.split(separator: ",").map { String($0) }))
        try made.enter()
        made.isReadonly = flags.contains(.readonly)
        made.mayBecomeWritable = true
        restrict(made, flags)
        cover(point, with: made)
    }

    private func restrict(_ mount: Mount, _ flags: MountFlags) {
        mount.forbidsSetID = flags.contains(.noSetID)
        mount.forbidsDevices = flags.contains(.noDevices)
        mount.forbidsPrograms = flags.contains(.noPrograms)
    }

    /// Changes what may be done in a mount. One that was made from outside can only be restricted further.
    private func remount(_ point: Node, _ flags: MountFlags) throws(Errno) {
        guard point.parent == nil else { throw .invalidArgument }
        let mount = point.mount
        if !flags.contains(.readonly), mount.isReadonly, !mount.mayBecomeWritable { throw .notPermitted }
        mount.isReadonly = flags.contains(.readonly)
        if mount.mayBecomeWritable { restrict(mount, flags) }
        shared?.flush()
    }

    /// Attaches a mount on top of whatever is mounted on a node.
    private func cover(_ point: Node, with mount: Mount) {
        var covered = point
        if covered.parent == nil, let below = covered.mount.point {
            // The older one stays below.
            mount.covered = covered.mount
            covered = below
        }
        attach(mount, to: covered)
    }

    // MARK: Bind mounts

    private func bind(_ source: Node, at point: Node, isRecursive: Bool, for caller: Caller) throws(Errno) {
        guard source.isFolder == point.isFolder else { throw .notDirectory }
        guard !source.isRemoved else { throw .noSuchFileOrDirectory }
        if isRecursive { enterMounts() }
        // What is mounted below now; not what comes by this very call.
        let below =
            isRecursive
            ? mounts.compactMap { inner in inner.point.flatMap { names(of: $0, from: source) }.map { (inner, $0) } }
            : []
        cover(point, with: makeBind(of: source))
        guard case .some(let made) = mounts.last else { return }
        for (inner, names) in below {
            var node: Node? = made.root
            for name in names {
                guard let folder = node else { break }
                node = try child(of: folder, named: name, for: caller)
            }
            guard let node, node.isFolder == inner.root.isFolder else { continue }
            cover(node, with: makeBind(of: inner.root))
        }
    }

    /// A mount that shows what is at and below a node of another one.
    private func makeBind(of source: Node) -> Mount {
        let shown = source.mount
        let mount = newMount(
            shown.type, source: shown.source, options: shown.options, tree: nil, isReadonly: shown.isReadonly)
        mount.mayBecomeWritable = !shown.isReadonly || shown.mayBecomeWritable
        mount.forbidsSetID = shown.forbidsSetID
        mount.forbidsDevices = shown.forbidsDevices
        mount.forbidsPrograms = shown.forbidsPrograms
        mount.deviceMinor = source.real.mount.deviceMinor
        mount.shownRoot = source.real.mount.shownRoot == [0x2f] ? [] : source.real.mount.shownRoot
        for name in names(of: source.real, from: source.real.mount.root) ?? [] {
            mount.shownRoot += [0x2f] + name.bytes
        }
        if mount.shownRoot.isEmpty { mount.shownRoot = [0x2f] }
        let root = Node(parent: nil, name: Name([]), mount: mount, type: source.type)
        stand(root, for: source)
        mount.setRoot(root)
        return mount
    }

    private func stand(_ node: Node, for source: Node) {
        if let item = source.real.synthetic { node.synthetic = item } else { node.origin = source.real }
    }

    /// The child of a folder of a bind mount from inside: stands for the child of the folder that is shown.
    func boundChild(of folder: Node, named name: Name, for caller: Caller) throws(Errno) -> Node? {
        var known: Node?
        if case .present(let node)? = folder.children[name] { known = node }
        guard let shown = try ownChild(of: folder.origin!, named: name, for: caller) else {
            if known?.mounted == nil { folder.children[name] = nil }
            return nil
        }
        if let known, known.origin === shown || (known.synthetic != nil && known.synthetic === shown.synthetic) {
            known.wasUsed = true
            return known
        }
        let node = Node(parent: folder, name: name, mount: folder.mount, type: shown.type)
        stand(node, for: shown)
        if let known { node.mounted = known.mounted }
        folder.children[name] = .present(node)
        folder.mount.nodesMade += 1
        if folder.mount.nodesMade > FileSystem.nodeLimit { sweep(folder.mount) }
        return node
    }

    // MARK: Moving and taking away

    private func move(_ root: Node, to point: Node) throws(Errno) {
        let mount = root.mount
        guard root.parent == nil, let old = mount.point else { throw .invalidArgument }
        guard root.isFolder == point.isFolder else { throw .notDirectory }
        guard !point.isWithin(root) else { throw .tooManySymbolicLinkLevels }
        mount.detach()
        mount.covered?.attach(to: old)
        mount.covered = nil
        mounts.removeAll { $0 === mount }
        cover(point, with: mount)
    }

    /// umount2(2).
    /// - Parameter isLazy: MNT_DETACH: also while it is in use.
    /// - Throws: `EBUSY` when a process works in it, or something is mounted in it.
    package func unmount(_ node: Node, isLazy: Bool = false) throws(Errno) {
        let mount = node.mount
        guard node.parent == nil, let point = mount.point else { throw .invalidArgument }
        let inner = mounts.filter { $0 !== mount && $0.point?.isWithin(mount.root) == true }
        if !isLazy {
            guard inner.isEmpty else { throw .resourceBusy }
            for number in processes?.processNumbers() ?? [] {
                guard let view = processes?.processView(number) else { continue }
                guard view.folder.mount !== mount, view.root.mount !== mount else { throw .resourceBusy }
            }
        }
        mount.detach()
        if let older = mount.covered { older.attach(to: point) }
        mounts.removeAll { gone in gone === mount || inner.contains { $0 === gone } }
        openedNodes = openedNodes.filter { opened in
            opened.value.mount !== mount && !inner.contains { $0 === opened.value.mount }
        }
        shared?.flush()
    }
}
