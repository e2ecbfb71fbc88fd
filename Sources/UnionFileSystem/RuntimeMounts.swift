import CFiles
import Glibc
import KernelProtocol
import SystemPackage

/// What the kernel's other parts ask of the tree.
extension FileSystem {
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
        let node = node.real
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

    /// The same while the container is made, when its root may still be written to, be it read-only for who will run there.
    package func makeFoldersFirst(_ path: [UInt8], for caller: Caller, uid: UInt32, gid: UInt32) throws(Errno) -> Node {
        let wasReadonly = mounts[0].isReadonly
        mounts[0].isReadonly = !(mounts[0].tree?.isWritable ?? false)
        defer { mounts[0].isReadonly = wasReadonly }
        return try makeFolders(path, for: caller, uid: uid, gid: gid)
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
