import CFiles
import Glibc
import SystemPackage

/// Making new names.
extension FileSystem {
    /// Makes ready for a new name in a folder: checks, and the folder is in the writable place afterwards.
    /// - Returns: the folder's tree, and its node there.
    private func prepare(
        _ name: Name, in parent: Node, for caller: Caller
    ) throws(Errno) -> (tree: Tree, parent: Node) {
        guard !parent.isRemoved else { throw .noSuchFileOrDirectory }
        try demand([.write, .execute], on: parent, for: caller.credentials)
        guard parent.synthetic == nil, let tree = parent.real.mount.tree else {
            throw parent.mount.isReadonly ? .readOnlyFileSystem : .permissionDenied
        }
        try demandWritable(parent)
        let parent = parent.real
        try demandSpace(on: parent.mount)
        guard tree.isVolatile || !name.isMarker else { throw .notPermitted }
        try copyUp(parent)
        shared?.forget(name, in: parent)
        return (tree, parent)
    }

    /// What a new file in a folder belongs to (inode(7): the set-group-ID bit of folders).
    private func newAttributes(_ type: FileType, mode: UInt32, in parent: Node, for caller: Caller) throws(Errno)
        -> Attributes
    {
        var made = Attributes(
            type: type, mode: mode & 0o7777, uid: caller.credentials.uid, gid: caller.credentials.gid)
        let above = try attributes(of: parent)
        if above.mode & 0o2000 != 0 {
            made.gid = above.gid
            if type == .folder { made.mode |= 0o2000 }
        }
        return made
    }

    /// Enters a name that was just made on the host into the tree.
    @discardableResult
    private func adopt(
        _ name: Name, in parent: Node, tree: Tree, attributes: Attributes, opened: CInt = -1
    ) throws(Errno) -> Node {
        let coversNothing = tree.hidesNothing(underAbsentNameIn: parent)
        var host = ukf_stat()
        var noted = attributes
        try tree.at(parent, name, place: 0) { descriptor, path throws(Errno) in
            if opened < 0 {
                try check(ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host))
            } else {
                try check(ukf_stat(opened, "", atEmptyPath, &host))
            }
            do throws(Errno) {
                try tree.writeNote(attributes, origin: nil, descriptor, path, host: host, isNew: true)
            } catch {
                _ = ukf_unlink(descriptor, path, FileType(mode: host.mode) == .folder ? AT_REMOVEDIR : 0)
                throw error
            }
        }
        noted.inode = host.ino
        if !coversNothing { try tree.clearWhiteout(name, in: parent) }
        if FileType(mode: host.mode) != attributes.type { try tree.markSpecial(parent) }
        let node = tree.makeNode(
            Tree.Finding(places: 1, host: host, attributes: noted), parent: parent, name: name)
        node.coversNothing = coversNothing
        parent.children[name] = .present(node)
        parent.mount.nodesMade += 1
        if node.isFolder { node.needsListing = false }
        return node
    }

    /// Makes and opens a regular file that does not exist.
    func createFile(
        _ name: Name, in parent: Node, for caller: Caller, flags: CInt, mode: UInt32
    ) throws(Errno) -> CInt {
        let (tree, parent) = try prepare(name, in: parent, for: caller)
        let made = try newAttributes(.file, mode: mode & 0o7777, in: parent, for: caller)
        let hostFlags = flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | ukf_o_direct | ukf_o_noatime)
        let descriptor = try tree.at(parent, name, place: 0) { descriptor, path throws(Errno) in
            try check(
                ukf_open(
                    descriptor, path, hostFlags | O_CREAT | O_EXCL | O_NOFOLLOW,
                    Tree.hostMode(for: made.mode, type: .file)))
        }
        do throws(Errno) {
            remember(opened: try adopt(name, in: parent, tree: tree, attributes: made, opened: descriptor))
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A file without a name (O_TMPFILE).
    func openTemporary(
        in folder: Node, for caller: Caller, flags: CInt, mode: UInt32
    ) throws(Errno) -> CInt {
        guard folder.isFolder else { throw .notDirectory }
        guard flags & O_ACCMODE != O_RDONLY else { throw .invalidArgument }
        let (tree, folder) = try prepare(Name("t"), in: folder, for: caller)
        let made = try newAttributes(.file, mode: mode, in: folder, for: caller)
        let descriptor = try tree.at(folder, place: 0) { descriptor, path throws(Errno) in
            try check(
                ukf_open(
                    descriptor, path,
                    flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_EXCL) | oTemporary | O_DIRECTORY,
                    Tree.hostMode(for: made.mode, type: .file)))
        }
        var host = ukf_stat()
        if ukf_stat(descriptor, "", atEmptyPath, &host) == 0 {
            try tree.writeNote(made, origin: nil, descriptor, "", host: host)
        }
        return descriptor
    }

    /// mkdir(2); `mode` with the umask taken off.
    package func makeFolder(_ path: [UInt8], from base: Node, for caller: Caller, mode: UInt32) throws(Errno) {
        let found = try resolve(path, from: base, for: caller, .name)
        guard found.place == nil else { throw .fileExists }
        try makeFolder(found.name, in: found.parent, for: caller, mode: mode)
    }

    @discardableResult
    func makeFolder(_ name: Name, in parent: Node, for caller: Caller, mode: UInt32) throws(Errno) -> Node {
        let (tree, parent) = try prepare(name, in: parent, for: caller)
        let made = try newAttributes(.folder, mode: mode & 0o1777, in: parent, for: caller)
        let hostMode = Tree.hostMode(for: made.mode, type: .folder)
        // What the layers have under this name must stay hidden, from the first moment on.
        var hides = false
        if !tree.hidesNothing(underAbsentNameIn: parent) { hides = try tree.find(name, in: parent, below: 0) != nil }
        if hides {
            let working = tree.nextWorkName()
            try withCString(working.bytes) { path throws(Errno) in
                try check(ukf_mkdir(tree.work, path, hostMode))
                let marker = working.string + "/" + Name.opaqueMarker.string
                close(try check(ukf_open(tree.work, marker, O_CREAT | O_WRONLY, 0o600)))
                try tree.at(parent, name, place: 0) { descriptor, target throws(Errno) in
                    _ = try check(ukf_rename(tree.work, path, descriptor, target, 0))
                }
            }
        } else {
            try tree.at(parent, name, place: 0) { descriptor, path throws(Errno) in
                _ = try check(ukf_mkdir(descriptor, path, hostMode))
            }
        }
        let node = try adopt(name, in: parent, tree: tree, attributes: made)
        node.needsListing = hides
        node.knowsAllNames = !hides && !tree.isVolatile
        // There is nothing in it, until something is made there.
        if let shared, !hides, !tree.isVolatile {
            shared.saw(name, in: parent, node)
            shared.bound(node, [])
        }
        return node
    }

    /// symlink(2).
    package func makeLink(
        to target: [UInt8], at path: [UInt8], from base: Node, for caller: Caller
    ) throws(Errno) {
        guard !target.isEmpty else { throw .noSuchFileOrDirectory }
        let found = try resolve(path, from: base, for: caller, .name)
        guard found.place == nil else { throw .fileExists }
        guard !found.mustBeFolder else { throw .noSuchFileOrDirectory }
        try makeLink(found.name, in: found.parent, for: caller, target: target)
    }

    func makeLink(_ name: Name, in parent: Node, for caller: Caller, target: [UInt8]) throws(Errno) {
        let (tree, parent) = try prepare(name, in: parent, for: caller)
        let made = try newAttributes(.link, mode: 0o777, in: parent, for: caller)
        try tree.at(parent, name, place: 0) { descriptor, path throws(Errno) in
            if tree.isVolatile || HostOwnership.isOurs || (made.uid == 0 && made.gid == 0) {
                try withCString(target) { target throws(Errno) in _ = try check(ukf_symlink(target, descriptor, path)) }
            } else {
                let file = try check(ukf_open(descriptor, path, O_CREAT | O_EXCL | O_WRONLY, 0o600))
                defer { close(file) }
                try check(ukf_write(file, target, target.count))
            }
        }
        try adopt(name, in: parent, tree: tree, attributes: made)
    }

    /// mknod(2). Devices and sockets included; `mode` with type bits and the umask taken off.
    package func makeNode(
        _ path: [UInt8], from base: Node, for caller: Caller, mode: UInt32, major: UInt32, minor: UInt32
    ) throws(Errno) {
        let type = mode & 0o170000 == 0 ? FileType.file : FileType(mode: mode)
        guard type != .folder, type != .link else { throw type == .folder ? .notPermitted : .invalidArgument }
        let found = try resolve(path, from: base, for: caller, .name)
        guard found.place == nil else { throw .fileExists }
        guard !found.mustBeFolder else { throw .noSuchFileOrDirectory }
        try demand([.write, .execute], on: found.parent, for: caller.credentials)
        if type.isDevice, !caller.credentials.mayMakeDevice { throw .notPermitted }
        try makeNode(found.name, in: found.parent, for: caller, type: type, mode: mode, major: major, minor: minor)
    }

    func makeNode(
        _ name: Name, in parent: Node, for caller: Caller, type: FileType, mode: UInt32, major: UInt32, minor: UInt32
    ) throws(Errno) {
        let (tree, parent) = try prepare(name, in: parent, for: caller)
        var made = try newAttributes(type, mode: mode, in: parent, for: caller)
        made.deviceMajor = major
        made.deviceMinor = minor
        let hostMode = Tree.hostMode(for: made.mode, type: type)
        try tree.at(parent, name, place: 0) { descriptor, path throws(Errno) in
            if type == .fifo || type == .socket {
                let result = ukf_mknod(descriptor, path, type.bits | hostMode, 0, 0)
                if result != -EPERM && result != -EOPNOTSUPP {
                    try check(result)
                    return
                }
            }
            close(try check(ukf_open(descriptor, path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, hostMode)))
        }
        try adopt(name, in: parent, tree: tree, attributes: made)
    }

    /// Makes a socket's name: `bind` is called with a folder's descriptor and the name under which the host's socket is to be bound.
    package func makeSocket(
        _ path: [UInt8], from base: Node, for caller: Caller, mode: UInt32,
        _ bind: (CInt, UnsafePointer<CChar>) throws(Errno) -> Void
    ) throws(Errno) {
        var found = try resolve(path, from: base, for: caller, .name)
        guard found.place == nil else { throw .addressInUse }
        let tree: Tree
        (tree, found.parent) = try prepare(found.name, in: found.parent, for: caller)
        let made = try newAttributes(.socket, mode: mode & 0o777, in: found.parent, for: caller)
        try tree.at(found.parent, found.name, place: 0) { descriptor, path throws(Errno) in
            try bind(descriptor, path)
            _ = ukf_chmod(descriptor, path, Tree.hostMode(for: made.mode, type: .socket))
        }
        try adopt(found.name, in: found.parent, tree: tree, attributes: made)
    }

    /// link(2) of an existing node.
    package func makeHardLink(of node: Node, at path: [UInt8], from base: Node, for caller: Caller) throws(Errno) {
        var found = try resolve(path, from: base, for: caller, .name)
        guard found.place == nil else { throw .fileExists }
        guard !found.mustBeFolder else { throw .noSuchFileOrDirectory }
        guard found.parent.mount === node.mount else { throw .improperLink }
        try demandLinkable(node, for: caller.credentials)
        let tree: Tree
        (tree, found.parent) = try prepare(found.name, in: found.parent, for: caller)
        guard !node.isFolder else { throw .notPermitted }
        guard !node.isRemoved else { throw .noSuchFileOrDirectory }
        let node = node.real
        try copyUp(node)
        try tree.at(node, place: 0) { from, source throws(Errno) in
            try tree.at(found.parent, found.name, place: 0) { to, target throws(Errno) in
                _ = try check(ukf_link(from, source, to, target))
            }
        }
        try tree.clearWhiteout(found.name, in: found.parent)
        node.attributes = nil
        shared?.forget(node)
        // Only what is neither a file nor a folder may be a placeholder on the host.
        if node.type != .file, let again = try tree.find(found.name, in: found.parent, below: -1) {
            if FileType(mode: again.host.mode) != again.attributes.type { try tree.markSpecial(found.parent) }
        }
        guard !tree.isVolatile else {
            found.parent.children[found.name] = nil
            return
        }
        let twin = Node(parent: found.parent, name: found.name, mount: node.mount, type: node.type, places: 1)
        twin.hostID = node.hostID
        found.parent.children[found.name] = .present(twin)
        found.parent.mount.nodesMade += 1
    }

    /// Who does not own a file may link it only when he might as well copy it (proc_sys_fs(5), protected_hardlinks).
    private func demandLinkable(_ node: Node, for who: Credentials) throws(Errno) {
        let attributes = try attributes(of: node)
        if attributes.isOwned(by: who) { return }
        let isHarmless = attributes.mode & 0o4000 == 0 && attributes.mode & 0o2010 != 0o2010
        guard node.type == .file, isHarmless, attributes.grants([.read, .write], to: who) else { throw .notPermitted }
    }

    /// Gives a file without a name (O_TMPFILE), held by `descriptor`, a name.
    package func makeHardLink(
        ofDescriptor descriptor: CInt, at path: [UInt8], from base: Node, for caller: Caller
    ) throws(Errno) {
        var found = try resolve(path, from: base, for: caller, .name)
        guard found.place == nil else { throw .fileExists }
        let tree: Tree
        (tree, found.parent) = try prepare(found.name, in: found.parent, for: caller)
        try tree.at(found.parent, found.name, place: 0) { to, target throws(Errno) in
            _ = try check(ukf_link_descriptor(descriptor, to, target))
        }
        try tree.clearWhiteout(found.name, in: found.parent)
        found.parent.children[found.name] = nil
        found.parent.knowsAllNames = false
    }
}
