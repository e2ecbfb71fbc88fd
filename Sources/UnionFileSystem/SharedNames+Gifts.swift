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
}

extension SharedNames {
    /// Whether a descriptor of the node's file may be kept ready in a process: a layer's file that everybody may read.
    package func mayBeKept(_ node: Node) -> Bool {
        guard node.type == .file, !node.isRemoved, node.synthetic == nil, let parent = node.parent,
            let tree = node.mount.tree, !tree.isVolatile, !(tree.isWritable && node.place == 0)
        else { return false }
        saw(node)
        return keepable(node.name, in: parent) != nil
    }

    private func keepable(_ name: Name, in parent: Node) -> uki_name? {
        let number = number(of: parent)
        guard number != 0 else { return nil }
        var found: uki_name?
        withBytes(of: name) { found = uki_find(table, number, $0.baseAddress!, UInt32($0.count))?.pointee }
        let needed = UInt8(UKI_IS_PLAIN | UKI_HAS_STAT | UKI_HAS_MODE)
        guard let found, Int32(found.kind) == UKI_PRESENT, found.flags & needed == needed, found.mode & 0o444 == 0o444
        else { return nil }
        return found
    }

    /// The files of a node's folder that are likely to be opened after it.
    package func following(_ node: Node, previous: Name?, count: Int) -> [Name] {
        guard let parent = node.parent, let tree = node.mount.tree else { return [] }
        if listing?.isOf(parent) != true {
            guard let entries = try? tree.list(parent), entries.count <= 4096 else { return [] }
            listing = FolderListing(parent, entries)
            if !parent.isMerged { tellAll(of: parent) }
        }
        return listing?.following(node.name, previous: previous, count: count) ?? []
    }

    /// Opens a file of a folder for a process to keep; nil when it may not have it ready, or has.
    package func gift(_ name: Name, in parent: Node, unless isKept: (UInt64) -> Bool) -> uki_kept? {
        guard let entry = keepable(name, in: parent), !isKept(entry.ino), let tree = parent.mount.tree else {
            return nil
        }
        let opened: CInt?
        if case .present(let node)? = parent.children[name] {
            guard node.mounted == nil, !(tree.isWritable && node.place == 0) else { return nil }
            opened = try? tree.at(node, place: node.place) { descriptor, path in
                ukf_open(descriptor, path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0)
            }
        } else {
            guard !parent.isMerged else { return nil }
            opened = try? tree.at(parent, name, place: parent.place) { descriptor, path in
                ukf_open(descriptor, path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0)
            }
        }
        guard let opened, opened >= 0 else { return nil }
        var host = ukf_stat()
        guard ukf_stat(opened, "", atEmptyPath, &host) == 0, host.ino == entry.ino,
            HostID(host).device == parent.mount.plainDevice, fcntl(opened, F_SETFL, 0) == 0
        else {
            close(opened)
            return nil
        }
        let (device, inode) = HostID(host).numbers
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
        return uki_kept(
            ino: entry.ino, device: entry.device, descriptor: opened, host_dev: device, host_ino: inode)
    }
}
