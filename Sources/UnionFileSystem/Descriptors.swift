import CFiles
import Glibc
import SystemPackage

/// Files behind descriptors of the container's processes, given as the host's `/proc/PID/fd/N`.
extension FileSystem {
    /// fstat(2).
    /// - Throws: `EBADF` when there is no such descriptor.
    package func stat(behind path: String) throws(Errno) -> ukf_stat {
        try stat(behind: path, host: try hostStat(behind: path))
    }

    /// fstat(2), for who has the host's stat already. `path` is needed for what was not opened here lately.
    package func stat(behind path: @autoclosure () -> String, host: ukf_stat) throws(Errno) -> ukf_stat {
        var host = host
        let id = HostID(host)
        if let handle = handles[id] { return try stat(handle.node) }
        if FileType(mode: host.mode) == .characterDevice, let shown = try deviceStat(host) { return shown }
        if let node = openedNodes[id], !node.isRemoved, node.mount.tree?.isVolatile == false {
            let attributes = try attributes(of: node)
            if node.isMerged { host.nlink = 1 }
            show(attributes, on: node.mount, in: &host)
            return host
        }
        let path = path()
        if let (mount, tree, _) = owner(of: path) {
            if removedLayerFiles.contains(id) { host.nlink = 0 }
            if tree.isVolatile || FileType(mode: host.mode) != .folder {
                show(tree.attributes(AT_FDCWD, path, host: host), on: mount, in: &host)
                return host
            }
            if let node = node(behind: path, stat: host) { return try stat(node) }
            show(tree.attributes(AT_FDCWD, path, host: host), on: mount, in: &host)
            return host
        }
        // A pipe, socket, terminal or file of memory.
        if FileType(mode: host.mode) == .file, let numbers = FileSystem.madeFile(path) {
            (host.dev_major, host.dev_minor, host.ino) = (0, UInt32(truncatingIfNeeded: numbers[0]), numbers[1])
            (host.uid, host.gid) = (UInt32(truncatingIfNeeded: numbers[2]), UInt32(truncatingIfNeeded: numbers[3]))
            (host.size, host.blocks) = (0, 0)
            return host
        }
        if FileType(mode: host.mode) == .file, let node = node(behind: path, stat: host) { return try stat(node) }
        let user = UInt32(geteuid())
        if host.uid == user {
            host.uid = 0
            host.gid = 0
        }
        return host
    }

    /// What `memoryFile` wrote into a file's name; nil for other files.
    private static func madeFile(_ path: String) -> [UInt64]? {
        guard let text = hostLink(path), text.starts(with: "/memfd:proc:".utf8) else { return nil }
        let numbers = String(decoding: text.dropFirst(12).prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            .split(separator: ":").compactMap { UInt64($0) }
        return numbers.count == 4 ? numbers : nil
    }

    /// What stat shows of a device that is the host's own under a name of the container; nil for one without a name here.
    private func deviceStat(_ host: ukf_stat) throws(Errno) -> ukf_stat? {
        if (136..<144).contains(host.rdev_major) {
            let number = (host.rdev_major - 136) << 8 | host.rdev_minor
            guard terminals.isOurs(number) else { return nil }
            enterMounts()
            guard let mount = mounts.last(where: { $0.type == "devpts" }) else { return nil }
            guard let node = try child(of: mount.root, named: Name("\(number)"), for: kernelCaller()) else {
                return nil
            }
            return try stat(node)
        }
        let number = UInt64(host.rdev_major) << 32 | UInt64(host.rdev_minor)
        guard let node = deviceNodes[number]?.node, !node.isRemoved else { return nil }
        return try stat(node)
    }

    /// The host's stat of what a descriptor holds.
    package func hostStat(behind path: String) throws(Errno) -> ukf_stat {
        var host = ukf_stat()
        let result = ukf_stat(AT_FDCWD, path, 0, &host)
        guard result == 0 else { throw result == -ENOENT ? .badFileDescriptor : Errno(rawValue: -result) }
        return host
    }

    /// The mount in whose folders on the host the file behind a descriptor lies, removed or not.
    func owner(of path: String) -> (mount: Mount, tree: Tree, isWritable: Bool)? {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = ukf_readlink(AT_FDCWD, path, buffer.baseAddress!, 4096)
            guard count > 0, buffer[0] == UInt8(ascii: "/") else { return nil }
            let target = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
            var found: (Mount, Tree, Bool)?
            var longest = -1
            for mount in mounts.reversed() {
                guard let tree = mount.tree else { continue }
                for (index, place) in tree.places.enumerated()
                where place.path.count > longest && place.holds(target) {
                    found = (mount, tree, index == 0 && tree.isWritable && !mount.isReadonly)
                    longest = place.path.count
                }
            }
            return found
        }
    }

    /// Whether what a descriptor holds, which is none of this tree's, is a file or folder all the same: it came from another
    /// container or from outside, may be one of a layer there, and is not this container's to change.
    func isForeign(_ path: String, _ host: ukf_stat) -> Bool {
        switch FileType(mode: host.mode) {
        case .folder: return true
        case .file: break
        default: return false
        }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = ukf_readlink(AT_FDCWD, path, buffer.baseAddress!, 4096)
            return count <= 0 || !UnsafeRawBufferPointer(rebasing: buffer[0..<count]).starts(with: "/memfd:".utf8)
        }
    }

    /// Owner and mode of a file that has lost its name, or never had one, and the way to write them; nil for what is no file
    /// of the container's tree.
    /// - Throws: `EROFS` when it is to be changed and lies in a layer, which nobody changes; `EPERM` for another container's.
    func nameless(_ path: String, changes: Bool) throws(Errno) -> (attributes: Attributes, tree: Tree, host: ukf_stat)?
    {
        let host = try hostStat(behind: path)
        guard let (_, tree, isWritable) = owner(of: path) else {
            if changes, isForeign(path, host) { throw .notPermitted }
            return nil
        }
        guard isWritable || !changes else { throw .readOnlyFileSystem }
        return (tree.attributes(AT_FDCWD, path, host: host), tree, host)
    }

    /// fchmod(2) of a file without a name.
    package func setMode(_ mode: UInt32, behind path: String, for caller: Caller) throws(Errno) {
        guard case (var attributes, let tree, var host)? = try nameless(path, changes: true) else {
            // A pipe, a socket or a file of memory: the mode is the host's.
            let shown = Attributes(host: try stat(behind: path), user: 0)
            guard shown.isOwned(by: caller.credentials) else { throw .notPermitted }
            try check(ukf_chmod(AT_FDCWD, path, mode & 0o777))
            return
        }
        guard attributes.isOwned(by: caller.credentials) else { throw .notPermitted }
        attributes.mode = mode & 0o7777
        let hostMode = Tree.hostMode(for: mode, type: attributes.type)
        try check(ukf_chmod(AT_FDCWD, path, hostMode))
        host.mode = host.mode & ~0o7777 | hostMode
        try tree.writeNote(attributes, origin: nil, AT_FDCWD, path, host: host)
    }

    /// fchown(2) of a file without a name.
    package func setOwner(uid: UInt32?, gid: UInt32?, behind path: String, for caller: Caller) throws(Errno) {
        guard case (var attributes, let tree, var host)? = try nameless(path, changes: true) else {
            // A pipe, a socket or a file of memory: nobody but its maker can own it.
            let shown = try stat(behind: path)
            guard uid ?? shown.uid == shown.uid, gid ?? shown.gid == shown.gid else { throw .notPermitted }
            return
        }
        guard caller.credentials.mayChangeOwner else { throw .notPermitted }
        attributes.uid = uid ?? attributes.uid
        attributes.gid = gid ?? attributes.gid
        try tree.writeNote(attributes, origin: nil, AT_FDCWD, path, host: host)
        host.uid = 0
    }

    /// futimens(3) of a file without a name.
    package func setTimes(_ times: [Int64]?, behind path: String) throws(Errno) {
        _ = try nameless(path, changes: true)
        let descriptor = try check(ukf_open(AT_FDCWD, path, oPath, 0))
        defer { close(descriptor) }
        try check(ukf_futimens(descriptor, times))
    }
}
