import CFiles
import Glibc
import SystemPackage

/// What open gives.
package enum Opened {
    /// A descriptor that belongs to whoever asked.
    case descriptor(CInt)
    /// A fifo whose opening may have to wait for the other end: a descriptor (O_PATH, the asker's own) to open anew, with flags.
    case fifo(CInt, flags: CInt)
}

extension FileSystem {
    /// Flags of open(2) that the host may see.
    private static let hostFlags: CInt =
        O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | ukf_o_direct | ukf_o_noatime | O_TRUNC

    /// Opens a path (open(2), openat2(2)).
    /// - Parameter mode: of a new file, the umask already taken off.
    package func open(
        _ path: [UInt8], from base: Node, for caller: Caller, flags: CInt, mode: UInt32, _ options: LookupOptions = []
    ) throws(Errno) -> Opened {
        var options = options
        let creates = flags & O_CREAT != 0 && flags & oPath == 0
        // Since Linux 6.4; O_TMPFILE includes O_DIRECTORY.
        if creates, flags & O_DIRECTORY != 0 { throw .invalidArgument }
        if flags & O_NOFOLLOW == 0, !creates || flags & O_EXCL == 0 { options.insert(.followLast) }
        if creates, path.last == UInt8(ascii: "/") {
            _ = try resolve(path, from: base, for: caller, .name)
            throw .isDirectory
        }
        let found = try resolve(path, from: base, for: caller, options)

        if flags & oPath == 0, flags & oTemporary != 0 {
            return .descriptor(try openTemporary(in: try found.node(), for: caller, flags: flags, mode: mode))
        }
        guard let place = found.place else {
            guard creates else { throw .noSuchFileOrDirectory }
            guard !found.mustBeFolder else { throw .isDirectory }
            return .descriptor(try createFile(found.name, in: found.parent, for: caller, flags: flags, mode: mode))
        }
        if creates, flags & O_EXCL != 0 { throw .fileExists }
        switch place {
        case .descriptor(let path):
            if flags & O_DIRECTORY != 0 { throw .notDirectory }
            // O_PATH descriptors are not handed over; see `openForPath`.
            let flags = flags & oPath != 0 ? O_ACCMODE | O_NONBLOCK : flags
            return .descriptor(try reopenForeign(path, flags: flags))
        case .node(let node):
            if creates, node.isFolder { throw .isDirectory }
            return try open(node, for: caller, flags: flags, mustBeFolder: found.mustBeFolder)
        }
    }

    /// Opens an existing node.
    package func open(
        _ node: Node, for caller: Caller, flags: CInt, mustBeFolder: Bool = false
    ) throws(Errno) -> Opened {
        if flags & O_DIRECTORY != 0 || mustBeFolder, !node.isFolder { throw .notDirectory }
        if flags & oPath != 0 { return .descriptor(try openForPath(node)) }
        if node.type == .link { throw .tooManySymbolicLinkLevels }
        let access = flags & O_ACCMODE
        let writes = access != O_RDONLY || flags & O_TRUNC != 0
        if node.isFolder {
            guard !writes else { throw .isDirectory }
            try demand(.read, on: node, for: caller.credentials)
            return .descriptor(try openFolder(node, lists: flags & O_DIRECTORY != 0))
        }
        var wanted: Access = writes ? .write : .read
        if access == O_RDWR { wanted = [.read, .write] } else if access == O_RDONLY { wanted.insert(.read) }
        try demand(wanted, on: node, for: caller.credentials)
        if flags & ukf_o_noatime != 0 || node.type == .socket {
            guard node.type != .socket else { throw .noSuchAddressOrDevice }
            guard try attributes(of: node).isOwned(by: caller.credentials) else { throw .notPermitted }
        }
        if let item = node.synthetic { return try openSynthetic(item, node, for: caller, flags: flags) }

        switch node.type {
        case .characterDevice, .blockDevice:
            guard !node.mount.forbidsDevices else { throw .permissionDenied }
            let device = try attributes(of: node)
            deviceNodes[UInt64(device.deviceMajor) << 32 | UInt64(device.deviceMinor)] = WeakNode(node: node)
            lastOpened = node
            return .descriptor(
                try devices.open(
                    node.type, major: device.deviceMajor, minor: device.deviceMinor,
                    flags: flags & FileSystem.hostFlags, caller: caller))
        case .fifo:
            return .fifo(try hostDescriptor(of: node), flags: flags & FileSystem.hostFlags)
        default:
            break
        }
        if writes {
            try demandWritable(node)
            if processes?.isExecuted(node) == true { throw .textFileBusy }
        }
        let node = node.real
        if writes {
            if flags & O_TRUNC == 0 { try demandSpace(on: node.mount) }
            try copyUp(node, withData: flags & O_TRUNC == 0)
            shared?.forget(node)
            try dropPrivileges(of: node, for: caller.credentials)
        }
        let tree = node.mount.tree!
        remember(opened: node)
        return try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            .descriptor(try check(ukf_open(descriptor, path, flags & FileSystem.hostFlags | O_NOFOLLOW | O_NOCTTY, 0)))
        }
    }

    /// So that a descriptor leads back to its node without asking the host for its name.
    func remember(opened node: Node) {
        guard let id = node.hostID else { return }
        if node.isFolder {
            node.wasOpened = true
            if node.isMerged || node.needsListing == true { node.mount.hasStaleListing = true }
        }
        if openedNodes.count >= FileSystem.openedNodesLimit {
            // The host can be asked for what is forgotten, but not that a folder's listing is no longer right.
            openedNodes = openedNodes.filter { $0.value.isFolder }
            if openedNodes.count > FileSystem.openedNodesLimit / 2 { openedNodes = [:] }
        }
        openedNodes[id] = node
        lastOpened = node
        shared?.opened(node, host: id, isStandIn: false)
    }

    /// A descriptor that stands for a node and can neither be read nor written (O_PATH).
    ///
    /// The host hands no O_PATH descriptor over to another process. One of access mode 3, which allows neither as well, is
    /// as good; what cannot be opened that way gets a nameless file as a stand-in.
    private func openForPath(_ node: Node) throws(Errno) -> CInt {
        if node.isFolder { return try openFolder(node, forPath: true) }
        if node.synthetic == nil, !node.isRemoved, let tree = node.mount.tree, node.type != .fifo, node.type != .socket
        {
            let opened = try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
                ukf_open(descriptor, path, O_ACCMODE | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0)
            }
            if opened >= 0 {
                remember(opened: node)
                return opened
            }
        }
        let file = try check(ukf_memfd("path", 0))
        defer { close(file) }
        let standIn = try check(ukf_reopen(file, O_ACCMODE))
        try remember(handle: standIn, for: node, duplicate: -1)
        return standIn
    }

    /// Enters a stand-in descriptor.
    private func remember(handle: CInt, for node: Node, duplicate: CInt) throws(Errno) {
        var stat = ukf_stat()
        let result = ukf_stat(handle, "", atEmptyPath, &stat)
        guard result == 0 else {
            close(handle)
            throw Errno(rawValue: -result)
        }
        if handles.count >= handlesLimit { sweepHandles() }
        handles[HostID(stat)] = OpenFolder(node: node, descriptor: duplicate)
        shared?.opened(node, host: HostID(stat), isStandIn: true)
    }

    /// A descriptor (O_PATH) of this process for a node's file on the host.
    package func hostDescriptor(of node: Node) throws(Errno) -> CInt {
        let node = node.real
        guard node.synthetic == nil, let tree = node.mount.tree else { throw .notSupportedOnSocket }
        return try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            try check(ukf_open(descriptor, path, oPath | O_NOFOLLOW, 0))
        }
    }

    /// A descriptor for a folder: the host's own when its listing is right as it stands, else a stand-in.
    ///
    /// - Parameter lists: whether the folder is opened to be listed. Otherwise it gets its stand-in when that begins, and until
    ///   then fsync(2) reaches the folder itself.
    func openFolder(_ node: Node, forPath: Bool = false, lists: Bool = true) throws(Errno) -> CInt {
        var isNative = false
        if !node.isRemoved, node.synthetic == nil, node.origin == nil {
            let isListedHere = forPath ? false : try needsListing(node)
            isNative = !isListedHere || !lists
        }
        if isNative, let tree = node.mount.tree {
            let folder = try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
                try check(
                    ukf_open(descriptor, path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY, 0))
            }
            remember(opened: node)
            // Not every program says that it opens a folder to list it.
            if !forPath, let shared, lists || node.needsListing == false {
                if tree.isWritable, node.place == 0 {
                    shared.bound(node, listing: folder)
                } else {
                    shared.tellAll(of: node, folder)
                }
            }
            return folder
        }
        scratchNames += 1
        let name = "f\(scratchNames)"
        try check(ukf_mkdir(scratch, name, 0o700))
        let folder = ukf_open(scratch, name, O_RDONLY | O_DIRECTORY, 0)
        _ = ukf_unlink(scratch, name, AT_REMOVEDIR)
        try check(folder)
        let duplicate = fcntl(folder, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else {
            close(folder)
            throw .tooManyOpenFiles
        }
        try remember(handle: folder, for: node, duplicate: duplicate)
        lastOpened = node
        return folder
    }

    /// Forgets the handles that no process of the container holds any more.
    private func sweepHandles() {
        guard let processes else { return }
        var held = Set<HostID>()
        for number in processes.processNumbers() {
            guard let pid = processes.processView(number)?.hostNumber else { continue }
            let folder = ukf_open(AT_FDCWD, "/proc/\(pid)/fd", O_RDONLY | O_DIRECTORY, 0)
            guard folder >= 0 else { return }
            defer { close(folder) }
            for entry in (try? readEntries(folder)) ?? [] {
                var stat = ukf_stat()
                if ukf_stat(folder, entry.name.string, 0, &stat) == 0 { held.insert(HostID(stat)) }
            }
        }
        if let shared { for id in handles.keys where !held.contains(id) { shared.forgetRecord(of: id) } }
        handles = handles.filter { held.contains($0.key) }
        handlesLimit = max(256, handles.count * 2)
    }

    /// Opens anew what a descriptor of a process holds, as `/proc/PID/fd/N` lets one do.
    private func reopenForeign(_ path: [UInt8], flags: CInt) throws(Errno) -> CInt {
        let isWrite = [O_WRONLY, O_RDWR].contains(flags & O_ACCMODE) || flags & O_TRUNC != 0
        return try withCString(path) { path throws(Errno) in
            if isWrite {
                shared?.flush()
                // A removed file may be one of a layer, which nobody may write.
                var link = [CChar](repeating: 0, count: 4096)
                let count = ukf_readlink(AT_FDCWD, path, &link, 4095)
                let target = link.prefix(max(Int(count), 0)).map { UInt8(bitPattern: $0) }
                for mount in mounts {
                    for (index, place) in (mount.tree?.places ?? []).enumerated()
                    where !(index == 0 && mount.tree!.isWritable) || mount.isReadonly {
                        if target.starts(with: place.path + [UInt8(ascii: "/")]) { throw .readOnlyFileSystem }
                    }
                }
                let name = String(cString: path)
                if owner(of: name) == nil, isForeign(name, try hostStat(behind: name)) { throw .permissionDenied }
            }
            // A pipe opened anew waits for nobody (fifo(7)), also where the host's is a fifo with a name, as standard input is.
            let opened = try check(
                ukf_open(AT_FDCWD, path, flags & (FileSystem.hostFlags | oPath) | O_NOCTTY | O_NONBLOCK, 0))
            if flags & O_NONBLOCK == 0 { _ = fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK) }
            return opened
        }
    }

    private func openSynthetic(
        _ item: any SyntheticItem, _ node: Node, for caller: Caller, flags: CInt
    ) throws(Errno) -> Opened {
        switch item.content {
        case .file(let read):
            if flags & O_ACCMODE != O_RDONLY, node.mount.isReadonly || isSealed(node) { throw .readOnlyFileSystem }
            guard flags & O_ACCMODE == O_RDONLY else { throw .permissionDenied }
            return .descriptor(try FileSystem.memoryFile(try read(caller), as: try stat(node)))
        case .host(let path):
            return .descriptor(
                try withCString(path) { path throws(Errno) in
                    try check(ukf_open(AT_FDCWD, path, flags & FileSystem.hostFlags & ~O_TRUNC | O_NOCTTY, 0))
                })
        case .master:
            return .descriptor(
                try terminals.openMaster(flags: flags & (O_ACCMODE | O_NONBLOCK), for: caller.credentials.uid))
        case .folder, .link, .magic:
            throw .invalidArgument
        }
    }

    /// A nameless file with the given content, open for reading from its start. The host's name for it says what fstat(2)
    /// has to: the same as stat(2) of what it was opened as.
    static func memoryFile(_ content: [UInt8], as shown: ukf_stat) throws(Errno) -> CInt {
        let file = try check(ukf_memfd("proc:\(shown.dev_minor):\(shown.ino):\(shown.uid):\(shown.gid)", 0))
        var done = 0
        while done < content.count {
            let written = content.withUnsafeBytes { ukf_write(file, $0.baseAddress! + done, $0.count - done) }
            guard written > 0 else {
                close(file)
                throw .noMemory
            }
            done += written
        }
        _ = ukf_fchmod(file, shown.mode & 0o777)
        let readable = ukf_reopen(file, O_RDONLY)
        close(file)
        return try check(readable)
    }
}

/// Calls `body` with the bytes and a NUL behind them.
func withCString<R>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws(Errno) -> R) throws(Errno) -> R {
    let text = (bytes + [0]).map { CChar(bitPattern: $0) }
    return try text.withUnsafeBufferPointer { buffer throws(Errno) in try body(buffer.baseAddress!) }
}
