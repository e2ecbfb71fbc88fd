import CFiles
import Glibc
import SystemPackage

extension FileSystem {
    /// Brings a node into the writable folder, its parents before it.
    ///
    /// A file is made in the work folder and gets its name when it is complete. Who holds the layer's file open keeps that.
    /// - Parameter withData: false when the content is about to be cut off anyway.
    func copyUp(_ node: Node, withData: Bool = true) throws(Errno) {
        guard let tree = node.mount.tree, tree.isWritable, node.synthetic == nil else { throw .readOnlyFileSystem }
        if node.place == 0 { return }
        guard !node.isRemoved else { throw .noSuchFileOrDirectory }
        var missing: [Node] = []
        var above = node.parent
        while let folder = above, folder.place != 0 {
            missing.append(folder)
            above = folder.parent
        }
        while let folder = missing.popLast() { try copyUp(alone: folder, withData: true, tree) }
        try copyUp(alone: node, withData: withData, tree)
    }

    /// Brings a node whose parent is in the writable folder there.
    private func copyUp(alone node: Node, withData: Bool, _ tree: Tree) throws(Errno) {
        let (host, attributes) = try tree.stat(node)
        let copied = try withData ? copiedAside(node) : nil
        let name = copied ?? tree.nextWorkName()
        shared?.forget(node)
        try tree.make(name, like: node, host: host, attributes: attributes, isThere: copied != nil) {
            from, to throws(Errno) in
            if withData { try copyData(of: node, named: name, from: from, to: to, size: Int64(host.size)) }
        }
        try tree.at(node, place: 0) { descriptor, path throws(Errno) in
            let renamed = withCString(name) { ukf_rename(tree.work, $0, descriptor, path, 0) }
            if renamed < 0 { withCString(name) { _ = ukf_unlink(tree.work, $0, node.isFolder ? AT_REMOVEDIR : 0) } }
            try check(renamed)
        }
        if node.isFolder {
            node.places |= 1
            node.placesWithoutWhiteouts |= 1
            node.needsListing = nil
        } else {
            node.places = 1
        }
        let made = try tree.hostStat(node)
        node.hostID = HostID(made)
        node.layerStat = nil
        node.attributes = attributes
        shared?.forget(node)
        if FileType(mode: made.mode) != attributes.type, let parent = node.parent { try tree.markSpecial(parent) }
    }

    /// Brings a whole folder, with everything below it, into the writable folder, and makes it hide the layers.
    func copyUpTree(_ node: Node, for caller: Caller) throws(Errno) {
        let tree = node.mount.tree!
        try copyUp(node)
        guard node.isMerged else { return }
        for entry in try tree.list(node) {
            guard let child = try tree.child(of: node, named: entry.name) else { continue }
            if child.isFolder { try copyUpTree(child, for: caller) } else { try copyUp(child) }
        }
        try tree.makeOpaque(node)
        node.places = 1
    }
}

extension Tree {
    /// Opens the folder in which files are made, and empties it of what a killed kernel left there.
    func openWork(_ path: String?) throws(Errno) {
        if let path {
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
            setWork(try check(ukf_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0)))
        } else {
            let name = Name.workFolder.string
            let made = ukf_mkdir(places[0].descriptor, name, 0o700)
            if made != -EEXIST { try check(made) }
            setWork(try check(ukf_open_beneath(places[0].descriptor, name, O_RDONLY | O_DIRECTORY, 0)))
        }
        // What cannot be removed is not this file system's: root's `ctr` leaves `work/work` behind when it mounts a snapshot.
        for entry in try readEntries(work) { try? removeHostEntry(entry.name, entry.type, in: work) }
    }

    /// Removes the work folder where it is inside the writable folder and empty.
    func closeWork() {
        if work >= 0 { close(work) }
        setWork(-1)
        _ = ukf_unlink(places[0].descriptor, Name.workFolder.string, AT_REMOVEDIR)
    }

    /// Makes a file in the work folder that is like a node's in its topmost place.
    /// - Parameter copyData: copies from one descriptor to the other.
    func make(
        _ name: Name, like node: Node, host: ukf_stat, attributes: Attributes, isThere: Bool,
        copyData: (CInt, CInt) throws(Errno) -> Void
    ) throws(Errno) {
        let mode = Tree.hostMode(for: attributes.mode, type: attributes.type)
        try at(node, place: node.place) { descriptor, path throws(Errno) in
            try UnionFileSystem.withCString(name.bytes) { target throws(Errno) in
                do throws(Errno) {
                    switch FileType(mode: host.mode) {
                    case .folder: try check(ukf_mkdir(work, target, mode))
                    case .link where attributes.uid == 0 && attributes.gid == 0:
                        try UnionFileSystem.withCString(try readLink(descriptor, path)) { text throws(Errno) in
                            _ = try check(ukf_symlink(text, work, target))
                        }
                        setTimes(target, host)
                        return
                    case .fifo: try check(ukf_mknod(work, target, 0o010000 | mode, 0, 0))
                    case .file where isThere: break
                    case .file:
                        let from = try check(ukf_open(descriptor, path, O_RDONLY | O_NOFOLLOW, 0))
                        defer { close(from) }
                        let to = try check(ukf_open(work, target, O_CREAT | O_EXCL | O_RDWR, mode))
                        defer { close(to) }
                        try copyData(from, to)
                    case .link:
                        let to = try check(ukf_open(work, target, O_CREAT | O_EXCL | O_RDWR, mode))
                        defer { close(to) }
                        let text = try readLink(descriptor, path)
                        try check(ukf_write(to, text, text.count))
                    case .characterDevice, .blockDevice, .socket:
                        close(try check(ukf_open(work, target, O_CREAT | O_EXCL | O_RDWR, mode)))
                    }
                    try copyXattrs(descriptor, path, to: target)
                    var made = ukf_stat()
                    try check(ukf_stat(work, target, AT_SYMLINK_NOFOLLOW, &made))
                    try writeNote(attributes, origin: attributes.inode, work, target, host: made)
                    setTimes(target, host)
                } catch {
                    if error == FileSystem.mustWait { throw error }
                    _ = ukf_unlink(work, target, FileType(mode: host.mode) == .folder ? AT_REMOVEDIR : 0)
                    throw error
                }
            }
        }
    }

    private func setTimes(_ name: UnsafePointer<CChar>, _ host: ukf_stat) {
        let times = [host.atime, Int64(host.atime_ns), host.mtime, Int64(host.mtime_ns)]
        _ = ukf_utimens(work, name, times)
    }

    /// User xattrs are copied; those that only root may read on the host are not there for us.
    private func copyXattrs(
        _ descriptor: CInt, _ path: UnsafePointer<CChar>, to target: UnsafePointer<CChar>
    ) throws(Errno) {
        let names = xattrNames(descriptor, path)
        for name in names where name.hasPrefix("user.") && name != Tree.noteName && !name.hasPrefix("user.overlay.") {
            guard let value = xattr(name, descriptor, path) else { continue }
            let set = ukf_setxattr(work, target, name, value, value.count, 0)
            guard set >= 0 || set == -EOPNOTSUPP else { throw Errno(rawValue: -set) }
        }
    }

    /// The host's names of a file's xattrs.
    func xattrNames(_ descriptor: CInt, _ path: UnsafePointer<CChar>) -> [String] {
        var size = ukf_listxattr(descriptor, path, nil, 0)
        guard size > 0 else { return [] }
        let list = [CChar](unsafeUninitializedCapacity: size) { buffer, count in
            size = ukf_listxattr(descriptor, path, buffer.baseAddress, size)
            count = max(size, 0)
        }
        return list.split(separator: 0).map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    }

    /// The host's xattr of a file; nil when it has none of that name.
    func xattr(_ name: String, _ descriptor: CInt, _ path: UnsafePointer<CChar>) -> [UInt8]? {
        let size = ukf_getxattr(descriptor, path, name, nil, 0)
        guard size >= 0 else { return nil }
        var got = 0
        let value = [UInt8](unsafeUninitializedCapacity: max(size, 1)) { buffer, count in
            got = ukf_getxattr(descriptor, path, name, buffer.baseAddress, size)
            count = max(got, 0)
        }
        return got < 0 ? nil : value
    }

    // MARK: Markers

    /// Removes a name of the places below from view. The folder is in the writable place already.
    func writeWhiteout(_ name: Name, in folder: Node) throws(Errno) {
        try at(folder, name.whiteout, place: 0) { descriptor, path throws(Errno) in
            let made = ukf_open(descriptor, path, O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)
            _ = close(try check(made))
        }
        folder.needsListing = true
        folder.placesWithoutWhiteouts &= ~1
        folder.mount.shared?.forgetRecord(of: folder)
        folder.mount.shared?.forgetStat(of: folder)
    }

    /// Takes a whiteout away, if there is one, now that the name exists again.
    func clearWhiteout(_ name: Name, in folder: Node) throws(Errno) {
        guard folder.isMerged, name.count <= 251, mayHoldWhiteouts(folder, place: 0) else { return }
        try at(folder, name.whiteout, place: 0) { descriptor, path throws(Errno) in
            let removed = ukf_unlink(descriptor, path, 0)
            guard removed == 0 || removed == -ENOENT else { throw Errno(rawValue: -removed) }
        }
    }

    /// Makes a folder of the writable place hide the places below.
    func makeOpaque(_ folder: Node) throws(Errno) {
        try writeMarker(.opaqueMarker, in: folder)
    }

    /// Says that a folder of the writable place holds placeholders, whose type a plain listing would tell wrong.
    func markSpecial(_ folder: Node) throws(Errno) {
        guard !isVolatile, !folder.hasSpecialMarker else { return }
        folder.hasSpecialMarker = true
        try writeMarker(.specialMarker, in: folder)
    }

    private func writeMarker(_ marker: Name, in folder: Node) throws(Errno) {
        try at(folder, marker, place: 0) { descriptor, path throws(Errno) in
            _ = close(try check(ukf_open(descriptor, path, O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)))
        }
        folder.needsListing = true
        folder.mount.shared?.forgetRecord(of: folder)
        folder.mount.shared?.forgetStat(of: folder)
    }
}

/// Removes a file or a folder of the host with all that is in it.
func removeHostEntry(_ name: Name, _ type: FileType, in folder: CInt) throws(Errno) {
    try withCString(name.bytes) { path throws(Errno) in
        let removed = type == .folder ? -EISDIR : ukf_unlink(folder, path, 0)
        if removed == 0 || removed == -ENOENT { return }
        guard removed == -EISDIR || removed == -EPERM else { throw Errno(rawValue: -removed) }
        let inner = try check(ukf_open(folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0))
        defer { close(inner) }
        for entry in try readEntries(inner) { try removeHostEntry(entry.name, entry.type, in: inner) }
        try check(ukf_unlink(folder, path, AT_REMOVEDIR))
    }
}

/// Calls `body` with a name and a NUL behind it.
func withCString<R>(_ name: Name, _ body: (UnsafePointer<CChar>) -> R) -> R {
    (name.bytes + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
}
