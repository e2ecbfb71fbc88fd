// Reads and writes linux_dirent64 records: unsafe pointers are at home here.
import CFiles
import Glibc
import SystemPackage

extension FileSystem {
    /// All entries of a folder, without `.` and `..`.
    package func list(_ node: Node, for caller: Caller) throws(Errno) -> [ListEntry] {
        if node.isRemoved { return [] }
        if let origin = node.origin { return try list(origin, for: caller) }
        if let item = node.synthetic {
            guard case .folder(let folder) = item.content else { throw .notDirectory }
            let inode = inode(ofSynthetic: node)
            let entries = folder.names(for: caller).map {
                ListEntry(name: $0.name, type: $0.type, inode: syntheticInode(inode, $0.name))
            }
            return entries + mountPoints(in: node, beside: entries)
        }
        let entries = try node.mount.tree!.list(node)
        return entries + mountPoints(in: node, beside: [])
    }

    /// Mount points in a folder that could not be made on the host, and so are in no listing of it.
    private func mountPoints(in node: Node, beside entries: [ListEntry]) -> [ListEntry] {
        node.children.values.compactMap { child in
            guard case .present(let child) = child, child.places == 0, child.synthetic != nil,
                !entries.contains(where: { $0.name == child.name })
            else { return nil }
            return ListEntry(name: child.name, type: child.type, inode: syntheticInode(2, child.name))
        }
    }

    /// Whether a folder's listing cannot be left to the host.
    func needsListing(_ node: Node) throws(Errno) -> Bool {
        guard node.synthetic == nil, let tree = node.mount.tree else { return true }
        if tree.isVolatile { return false }
        if node.isMerged { return true }
        if let known = node.needsListing { return known }
        let result: Bool
        if node.place == tree.places.count - 1 && !(tree.isWritable && node.place == 0) {
            // Nothing lies below, so there are no whiteouts.
            var stat = ukf_stat()
            result = try tree.at(node, Name.specialMarker, place: node.place) { descriptor, path throws(Errno) in
                ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &stat) == 0
            }
        } else {
            result = try tree.entries(of: node, place: node.place).contains {
                $0.name.isMarker || $0.type == .characterDevice
            }
        }
        node.needsListing = result
        return result
    }

    /// Whether the host's own answer to getdents64(2) may be wrong for any folder that a process holds open.
    package var mayListWrong: Bool { !handles.isEmpty || mounts.contains { $0.hasStaleListing } }

    /// A stand-in for a folder's own descriptor, whose stat is given, when the host's listing of it is no longer right: what it
    /// lists was brought into the writable folder after it was opened. Nil when it is right.
    package func standIn(for stat: ukf_stat) throws(Errno) -> CInt? {
        guard let node = openedNodes[HostID(stat)], node.isFolder, !node.isRemoved, try needsListing(node) else {
            return nil
        }
        return try openFolder(node)
    }

    /// getdents64(2) or, with `isOld`, getdents(2), for the folder behind a descriptor of a process, whose stat is given.
    ///
    /// - Returns: nil when the host's own answer is right; else up to `size` bytes of records.
    /// - Throws: `EINVAL` when not even one record fits.
    package func listRecords(
        _ stat: ukf_stat, size: Int, isOld: Bool, for caller: Caller
    ) throws(Errno) -> [UInt8]? {
        guard let handle = handles[HostID(stat)] else { return nil }
        let offset = try check(ukf_seek(handle.descriptor, 0, SEEK_CUR))
        if offset == 0 || handle.entries == nil {
            let node = handle.node
            handle.entries =
                node.isRemoved
                ? []
                : [
                    ListEntry(name: Name("."), type: .folder, inode: try shownInode(of: node)),
                    ListEntry(name: Name(".."), type: .folder, inode: try shownInode(of: parent(of: node))),
                ] + (try list(node, for: caller))
        }
        let entries = handle.entries!
        var index = Int(offset)
        var records: [UInt8] = []
        while index < entries.count {
            let entry = entries[index]
            let length = (entry.name.count + 20 + 7) & ~7
            if records.count + length > size {
                guard !records.isEmpty else { throw .invalidArgument }
                break
            }
            let start = records.count
            records.append(contentsOf: repeatElement(0, count: length))
            records.withUnsafeMutableBytes { buffer in
                let record = buffer.baseAddress! + start
                record.storeBytes(of: entry.inode, as: UInt64.self)
                record.storeBytes(of: Int64(index + 1), toByteOffset: 8, as: Int64.self)
                record.storeBytes(of: UInt16(length), toByteOffset: 16, as: UInt16.self)
                if isOld {
                    entry.name.copy(to: record + 18)
                    record.storeBytes(of: entry.type.rawValue, toByteOffset: length - 1, as: UInt8.self)
                } else {
                    record.storeBytes(of: entry.type.rawValue, toByteOffset: 18, as: UInt8.self)
                    entry.name.copy(to: record + 19)
                }
            }
            index += 1
        }
        if index != Int(offset) { try check(ukf_seek(handle.descriptor, Int64(index), SEEK_SET)) }
        return records
    }

    private func shownInode(of node: Node) throws(Errno) -> UInt64 {
        node.synthetic == nil ? try attributes(of: node).inode : inode(ofSynthetic: node)
    }

    /// The inode number of what no host file stands for.
    func inode(ofSynthetic node: Node) -> UInt64 {
        if let own = node.synthetic?.attributes.inode, own != 0 { return own }
        guard let parent = node.parent else { return 1 }
        return syntheticInode(parent.synthetic == nil ? 2 : inode(ofSynthetic: parent), node.name)
    }

    func syntheticInode(_ parent: UInt64, _ name: Name) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ parent
        for byte in name.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash & 0x7fff_ffff | 0x1_0000_0000
    }
}

extension Tree {
    /// The host's entries of a folder in one place, without `.` and `..`.
    func entries(of node: Node, place: Int) throws(Errno) -> [ListEntry] {
        let folder = try at(node, place: place) { descriptor, path throws(Errno) in
            try check(ukf_open(descriptor, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0))
        }
        defer { close(folder) }
        return try readEntries(folder)
    }

    /// All entries of a folder, merged over its places.
    func list(_ node: Node) throws(Errno) -> [ListEntry] {
        if isVolatile { return try entries(of: node, place: 0) }
        var result: [ListEntry] = []
        var seen = Set<Name>()
        var rest = node.places
        let isSingle = !node.isMerged
        // Files that were copied up keep their inode numbers, which notes tell.
        let mayHoldCopies = isWritable && !isSingle
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest - 1
            let entries = try entries(of: node, place: place)
            let hasPlaceholders = entries.contains { $0.name == .specialMarker }
            var hidden: [Name] = []
            for var entry in entries {
                if entry.name.isMarker {
                    let bytes = entry.name.bytes
                    hidden.append(Name(Array(bytes[4...])))
                    continue
                }
                guard isSingle || !seen.contains(entry.name) else { continue }
                if entry.type == .characterDevice {
                    var stat = ukf_stat()
                    let isWhiteout = try at(node, entry.name, place: place) { descriptor, path throws(Errno) in
                        ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &stat) == 0 && stat.rdev_major == 0
                            && stat.rdev_minor == 0
                    }
                    if isWhiteout {
                        hidden.append(entry.name)
                        continue
                    }
                }
                let hasNote = hasPlaceholders && (entry.type == .file || entry.type == .folder)
                if hasNote || (mayHoldCopies && place == 0), let child = try child(of: node, named: entry.name) {
                    entry.type = child.type
                    if child.attributes == nil { entry.inode = try stat(child).attributes.inode }
                }
                if case .present(let child) = node.children[entry.name], let known = child.attributes {
                    entry.inode = known.inode
                }
                if !isSingle { seen.insert(entry.name) }
                result.append(entry)
            }
            seen.formUnion(hidden)
        }
        return result
    }
}

/// The rest of an open folder's entries, without `.` and `..`.
func readEntries(_ folder: CInt) throws(Errno) -> [ListEntry] {
    var entries: [ListEntry] = []
    let size = 32768
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    defer { buffer.deallocate() }
    while true {
        let count = try check(ukf_getdents(folder, buffer, size))
        if count == 0 { return entries }
        var at = 0
        while at < count {
            let record = buffer + at
            let length = Int(record.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
            let text = record + 19
            let nameLength = strlen(text.assumingMemoryBound(to: CChar.self))
            let name = Name(UnsafeRawBufferPointer(start: text, count: nameLength))
            at += length
            if name == dot || name == dotDot { continue }
            let type = FileType(rawValue: record.load(fromByteOffset: 18, as: UInt8.self))
            entries.append(
                ListEntry(name: name, type: type ?? .file, inode: record.loadUnaligned(as: UInt64.self)))
        }
    }
}

private let dot = Name(".")
private let dotDot = Name("..")
