// Opens files for processes ahead of their asking: unsafe pointers at the C boundary.
import CFiles
import Glibc
import SystemPackage

extension FileSystem {
    /// Device and inode number of what one of this process's descriptors holds, as stat(2) gives them.
    package func identity(of descriptor: CInt) -> (UInt64, UInt64)? {
        var host = ukf_stat()
        return ukf_stat(descriptor, "", atEmptyPath, &host) == 0 ? HostID(host).numbers : nil
    }

    /// The same of what a descriptor's name in the host's /proc leads to.
    package func identity(behind path: String) -> (UInt64, UInt64)? {
        (try? hostStat(behind: path)).map { HostID($0).numbers }
    }

    /// Somebody wants to know who opens files of the writable folder (inotify(7)): none is opened ahead from now on.
    package func beginWatching() {
        guard !isWatched else { return }
        isWatched = true
        shared?.flush()
    }
}

extension SharedNames {
    /// Whether a descriptor of the node's file may be kept ready in a process: one that everybody may read, and nobody watches.
    package func mayBeKept(_ node: Node) -> Bool {
        guard node.type == .file || node.attributes?.hasNoState == true, !node.isRemoved, node.synthetic == nil,
            let parent = node.parent,
            let tree = node.mount.tree, !tree.isVolatile, !(files.isWatched && tree.isWritable && node.place == 0)
        else { return false }
        saw(node)
        return keepable(node.name, in: parent) != nil
    }

    private func keepable(_ name: Name, in parent: Node) -> uki_name? {
        let number = number(of: parent)
        guard number != 0 else { return nil }
        var found: uki_name?
        withBytes(of: name) { found = uki_find(table, number, $0.baseAddress!, UInt32($0.count))?.pointee }
        let needed = UInt8(UKI_IS_PLAIN | UKI_HAS_INODE | UKI_HAS_MODE)
        guard let found, Int32(found.kind) == UKI_PRESENT, found.flags & needed == needed, found.mode & 0o444 == 0o444
        else { return nil }
        return found
    }

    /// The files of a node's folder that are likely to be opened after it.
    package func following(_ node: Node, previous: Name?, count: Int) -> [Name] {
        guard let parent = node.parent, let tree = node.mount.tree else { return [] }
        if !parent.isMerged { tellAll(of: parent) }
        if let index = listings.firstIndex(where: { $0.isOf(parent) }) {
            listings.swapAt(0, index)
        } else {
            if listed?.folder !== parent {
                guard let entries = try? tree.list(parent), entries.count <= SharedNames.mostEntries else { return [] }
                listed = (parent, entries)
            }
            listings.insert(FolderListing(parent, listed?.entries ?? []), at: 0)
            var names = 0
            let rest = listings.indices.first { index in
                names += listings[index].count
                return index > 0 && (index == SharedNames.mostListings || names > SharedNames.mostNamesInListings)
            }
            if let rest { listings.removeSubrange(rest...) }
        }
        return listings[0].following(node.name, previous: previous, count: count)
    }

    private static let mostListings = 32
    /// Each is some hundred bytes.
    private static let mostNamesInListings = 8192

    // MARK: Folders

    /// Whether a walk through a folder is followed: one of the container's root, which is never unmounted.
    package func isWalked(_ folder: Node) -> Bool {
        folder.synthetic == nil && !folder.isRemoved && folder.mount === files.mounts[0] && number(of: folder) != 0
    }

    /// What a folder holds; nil when that is not known, or too much.
    func entries(of folder: Node) -> [ListEntry]? {
        if let listed, listed.folder === folder { return listed.entries.filter { !$0.name.isMarker } }
        guard isWalked(folder), let entries = try? folder.mount.tree?.list(folder),
            entries.count <= SharedNames.mostEntries
        else { return nil }
        return entries
    }

    /// A folder in a folder, when everybody may go through it.
    func folder(_ name: Name, in parent: Node) -> Node? {
        guard isWalked(parent), let tree = parent.mount.tree, let node = try? tree.child(of: parent, named: name),
            node.isFolder, node.mounted == nil, isWalked(node)
        else { return nil }
        return node
    }

    /// Whether a folder may be opened for a process to keep: a layer's, whose listing by the host is right.
    func mayBeGiven(_ folder: Node) -> Bool { keepable(folder) != nil }

    private func keepable(_ folder: Node) -> uki_name? {
        guard (try? files.needsListing(folder)) == false, let parent = folder.parent else { return nil }
        saw(folder)
        return keepable(folder.name, in: parent)
    }

    /// Opens such a folder; nil when it is none, or when the process has it.
    func gift(_ folder: Node, unless isKept: (UInt64) -> Bool) -> uki_kept? {
        guard let entry = keepable(folder), !isKept(entry.ino), let host = folder.hostID?.numbers,
            let opened = try? files.openFolder(folder)
        else { return nil }
        return uki_kept(
            ino: entry.ino, device: entry.device, descriptor: opened, host_dev: host.0, host_ino: host.1)
    }

    /// The same of a file, or of a folder, that is known by name.
    package func gift(
        _ name: Name, in parent: Node, isFolder: Bool, unless isKept: (UInt64) -> Bool
    ) -> uki_kept? {
        if isFolder { return folder(name, in: parent).flatMap { gift($0, unless: isKept) } }
        return isWalked(parent) ? gift(name, in: parent, isRepeated: false, unless: isKept) : nil
    }

    // MARK: Files

    private func device(_ child: Node.Child?, _ entry: uki_name) -> uki_kept? {
        guard case .present(let node)? = child, let attributes = node.attributes, attributes.hasNoState,
            let opened = try? files.devices.open(
                node.type, major: attributes.deviceMajor, minor: attributes.deviceMinor, flags: O_RDONLY,
                caller: files.kernelCaller())
        else { return nil }
        guard let (device, inode) = files.identity(of: opened) else {
            close(opened)
            return nil
        }
        return uki_kept(ino: entry.ino, device: entry.device, descriptor: opened, host_dev: device, host_ino: inode)
    }

    private static let mostBytes: UInt64 = 256 << 10

    /// Whether a file that can be removed while a descriptor is kept holds no more of the disk than nobody will miss.
    private func isSmall(_ opened: CInt, _ device: UInt64, _ inode: UInt64) -> Bool {
        var host = ukf_stat()
        return ukf_stat(opened, "", atEmptyPath, &host) == 0 && HostID(host) == HostID(device: device, inode: inode)
            && host.size <= SharedNames.mostBytes
    }

    /// Opens a file of a folder for a process to keep; nil when it may not have it ready, or has.
    ///
    /// Neither type nor number of a layer's file is asked for: the table has them, and layers do not change.
    /// - Parameter isRepeated: it is the file that the process has just opened, and is to be kept several times.
    package func gift(_ name: Name, in parent: Node, isRepeated: Bool, unless isKept: (UInt64) -> Bool) -> uki_kept? {
        guard let tree = parent.mount.tree else { return nil }
        var isWritable = false
        if case .present(let node)? = parent.children[name], tree.isWritable, node.place == 0, !files.isWatched {
            isWritable = true
            saw(name, in: parent, node)
        }
        guard let entry = keepable(name, in: parent), isRepeated || !isKept(entry.ino) else { return nil }
        if entry.type == FileType.characterDevice.rawValue { return device(parent.children[name], entry) }
        guard let plain = parent.mount.plainDevice else { return nil }
        let flags = O_RDONLY | O_NOFOLLOW | O_NOCTTY
        let opened: CInt?
        if case .present(let node)? = parent.children[name] {
            guard node.mounted == nil, isWritable || !(tree.isWritable && node.place == 0) else { return nil }
            opened = try? tree.at(node, place: node.place) { descriptor, path in
                ukf_open(descriptor, path, flags, 0)
            }
        } else {
            guard !parent.isMerged, !(tree.isWritable && parent.place == 0) else { return nil }
            opened = try? tree.at(parent, name, place: parent.place) { descriptor, path in
                ukf_open(descriptor, path, flags, 0)
            }
        }
        guard let opened, opened >= 0 else { return nil }
        if isWritable, !isSmall(opened, plain, entry.ino) {
            close(opened)
            return nil
        }
        let (device, inode) = HostID(device: plain, inode: entry.ino).numbers
        let kept = uki_kept(
            ino: entry.ino, device: entry.device, descriptor: opened, host_dev: device, host_ino: inode)
        if isRepeated { return kept }
        var record = uki_record()
        record.dev = device
        record.ino = inode
        record.flags = UInt32(UKI_SHOWN)
        record.mode = entry.mode
        record.uid = entry.uid
        record.gid = entry.gid
        record.device = entry.device
        record.shown = entry.ino
        uki_publish_record(table, &record)
        return kept
    }
}
