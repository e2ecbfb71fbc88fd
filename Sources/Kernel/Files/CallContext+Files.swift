import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// What nearly every call over files needs.
extension CallContext {
    var files: FileSystem { kernel.files.system }
    var caller: Caller { kernel.files.caller(process, tid: tid) }

    /// The path that an argument points to.
    func path(_ index: Int) throws(Errno) -> [UInt8] {
        guard self[index] != 0 else { throw .badAddress }
        return try readString(at: self[index])
    }

    /// Where a path starts, given the argument that holds a folder's descriptor; an absolute path needs none.
    func base(_ index: Int, for path: [UInt8]) throws(Errno) -> Node {
        if path.first == UInt8(ascii: "/") { return process.inherited.files.root }
        return try kernel.files.base(int(index), process: process, tid: tid)
    }

    /// The host's name of one of the caller's descriptors.
    func descriptorName(_ descriptor: CInt) throws(Errno) -> String {
        guard descriptor >= 0 else { throw .badFileDescriptor }
        return HostProcess.descriptorPath(tid, descriptor)
    }

    /// The host's stat of what one of the caller's descriptors holds.
    /// - Throws: `EBADF`.
    func hostStat(_ descriptor: CInt) throws(Errno) -> ukf_stat {
        try kernel.files.hostStat(descriptor, process: process, tid: tid)
    }

    /// The node that a `...at` call names: by path, or with AT_EMPTY_PATH the descriptor itself.
    func place(folder: CInt, path: [UInt8], flags: CInt) throws(Errno) -> Place {
        if path.isEmpty, flags & 0x1000 != 0, folder != AT_FDCWD {
            let name = { HostProcess.descriptorPath(tid, folder) }
            if let node = files.node(behind: name(), stat: try hostStat(folder)) { return .node(node) }
            let pinned = try existing { () throws(Errno) in try files.pin(name()) }
            if let node = try files.node(behind: pinned) { return .node(node) }
            return .descriptor(path: Array(pinned.utf8))
        }
        let base =
            path.first == UInt8(ascii: "/")
            ? process.inherited.files.root : try kernel.files.base(folder, process: process, tid: tid)
        var options: LookupOptions = flags & AT_SYMLINK_NOFOLLOW != 0 ? [] : .followLast
        if flags & 0x1000 != 0 { options.insert(.emptyPath) }
        let found = try files.resolve(path, from: base, for: caller, options)
        guard let place = found.place else { throw .noSuchFileOrDirectory }
        return place
    }

    /// The host's name of a descriptor that was not opened with O_PATH: such a one allows neither reading nor writing.
    /// - Throws: `EBADF`.
    func openDescriptorName(_ descriptor: CInt) throws(Errno) -> String {
        let name = try descriptorName(descriptor)
        var link = Glibc.stat()
        guard lstat(name, &link) == 0, link.st_mode & 0o600 != 0 else { throw .badFileDescriptor }
        return name
    }

    /// A lookup of a descriptor: a missing entry in /proc means a bad descriptor.
    func existing<R>(_ body: () throws(Errno) -> R) throws(Errno) -> R {
        do throws(Errno) {
            return try body()
        } catch {
            throw error == .noSuchFileOrDirectory ? .badFileDescriptor : error
        }
    }

    /// The node behind a path that starts at the working folder.
    func node(_ index: Int, noFollow: Bool = false) throws(Errno) -> Node {
        try files.resolve(
            try path(index), from: process.inherited.files.folder, for: caller, noFollow ? [] : .followLast
        ).node()
    }

    /// A mode argument with the umask taken off.
    func maskedMode(_ index: Int) -> UInt32 { uint(index) & ~process.inherited.files.umask }
}
