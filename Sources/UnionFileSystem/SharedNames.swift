// Writes the table that processes read by themselves (InsideTable.h): unsafe pointers at the C boundary.
import CFiles
import Glibc
import SystemPackage

/// What the container's processes are told of names and files without asking, so that they can answer stat(2) and its kin
/// themselves (docs/architecture.md, "Inside the process").
///
/// Only what every user of the container may see: names in folders that all may read and search, and whose parents all may
/// search. Only what nobody changes without this kernel: attributes of files in layers, names and missing names in trees that
/// are ours alone. Whoever changes a name or what is shown of a file says `forget` before the change is answered for.
package final class SharedNames {
    /// The table's file of memory, which nobody but this process can write to.
    package let descriptor: CInt
    let table: UnsafeMutableRawPointer
    private var lastNumber: UInt32 = 0
    unowned let files: FileSystem
    /// The folder that was listed last.
    var listed: (folder: Node, entries: [ListEntry])?
    /// In what orders programs go through the folders whose files they open one after the other; the latest first.
    var listings: [FolderListing] = []

    /// - Throws: why the host gives no such memory.
    init(_ files: FileSystem) throws(Errno) {
        self.files = files
        var table: UnsafeMutableRawPointer?
        descriptor = try check(uki_make(&table))
        self.table = table!
        publishRoot()
    }

    deinit { uki_unmake(table, descriptor) }

    var header: UnsafeMutablePointer<uki_header> { table.assumingMemoryBound(to: uki_header.self) }

    /// The container's first process, by the host's number: it is 1 inside.
    package func setFirst(_ pid: Int32) { header.pointee.first = UInt32(pid) }

    /// A process has another root folder than the container's.
    package func leaveRoot() { header.pointee.is_rooted = 1 }

    /// Makes everything that was told void: for changes that no single name stands for.
    package func flush() {
        uki_flush(table)
        publishRoot()
    }

    private func publishRoot() { header.pointee.root = number(of: files.root) }

    // MARK: Folders

    /// The number under which a folder's names are told; 0 when they may not be.
    func number(of folder: Node) -> UInt32 {
        let generation = header.pointee.generation
        if folder.sharedGeneration == generation { return folder.sharedNumber }
        var number: UInt32 = 0
        if isPublic(folder) {
            lastNumber &+= 1
            // After four thousand million folders a number could be met again.
            if lastNumber == 0 {
                lastNumber = 1
                uki_flush(table)
            }
            number = lastNumber
        }
        folder.sharedNumber = number
        folder.sharedGeneration = header.pointee.generation
        return number
    }

    private func isPublic(_ folder: Node) -> Bool {
        guard folder.isFolder, folder.synthetic == nil, !folder.isRemoved, folder.mount.tree?.isVolatile == false,
            let attributes = folder.attributes, attributes.mode & 0o555 == 0o555
        else { return false }
        let parent = files.parent(of: folder)
        return parent === folder || number(of: parent) != 0
    }

    private func isTold(_ folder: Node) -> Bool {
        folder.sharedNumber != 0 && folder.sharedGeneration == header.pointee.generation
    }

    // MARK: Names

    /// A lookup found a node under a name of a folder, or nothing.
    func saw(_ name: Name, in folder: Node, _ node: Node?, _ stat: ukf_stat? = nil) {
        guard folder.synthetic == nil, name.count <= Int(UKI_TEXT), !name.isEmpty else { return }
        let number = number(of: folder)
        guard number != 0 else { return }
        var value = uki_name()
        value.folder = number
        var target: [UInt8] = []
        if let node {
            guard describe(node, &value) else { return }
            if let stat { fill(&value, stat) }
            if node.type == .link { target = node.linkTarget ?? [] }
        } else {
            value.kind = UInt8(UKI_ABSENT)
        }
        withBytes(of: name) { bytes in
            if let known = uki_find(table, number, bytes.baseAddress!, UInt32(bytes.count)) {
                let wanted = value.flags | (target.isEmpty ? 0 : UInt8(UKI_HAS_TARGET))
                if known.pointee.kind == value.kind, known.pointee.child == value.child,
                    wanted & ~known.pointee.flags == 0
                {
                    return
                }
            }
            uki_publish(table, &value, bytes.baseAddress!, UInt32(bytes.count), target, UInt32(target.count))
        }
        grow()
    }

    /// A node's attributes have been asked for, and are told from now on if they may be.
    ///
    /// - Parameter stat: what is shown of it at this moment. A file that can be written to is told with it while nobody has it
    ///   open for writing: whoever opens it so asks this kernel first.
    package func saw(_ node: Node, _ stat: ukf_stat? = nil) {
        var at = node
        while at.parent == nil, let point = at.mount.point { at = point }
        guard let parent = at.parent, !at.isRemoved else { return }
        if let stat, node === at, node.type == .file || node.isFolder, node.layerStat == nil,
            !isTold(at.name, in: parent, with: UInt8(UKI_HAS_STAT)), isQuiet(node, stat)
        {
            node.isToldWithStat = node.isFolder
            return saw(at.name, in: parent, node, stat)
        }
        saw(at.name, in: parent, node)
    }

    private func isTold(_ name: Name, in folder: Node, with flag: UInt8) -> Bool {
        guard isTold(folder) else { return false }
        var found = false
        withBytes(of: name) { bytes in
            let known = uki_find(table, folder.sharedNumber, bytes.baseAddress!, UInt32(bytes.count))
            found = known.map { $0.pointee.flags & flag != 0 } ?? false
        }
        return found
    }

    /// Whether a file of a writable folder stays as it is until somebody asks to write to it, or a folder there until
    /// something is made or removed in it.
    ///
    /// Reading changes its time of access only when that is not the latest of its times, or a day old (mount(8), relatime).
    private func isQuiet(_ node: Node, _ stat: ukf_stat) -> Bool {
        guard node.attributes != nil, node.isFolder || stat.nlink == 1, let tree = node.mount.tree, !tree.isVolatile,
            tree.isWritable, node.places == 1, !node.isRemoved
        else { return false }
        let accessed = (stat.atime, stat.atime_ns)
        guard accessed > (stat.mtime, stat.mtime_ns), accessed > (stat.ctime, stat.ctime_ns),
            stat.atime > time(nil) - 23 * 3600
        else { return false }
        if node.isFolder { return true }
        let quiet = try? tree.at(node, place: 0) { descriptor, path in ukf_is_quiet(descriptor, path) }
        return quiet == 1
    }

    @discardableResult
    func grow() -> Bool {
        guard uki_grow(table) != 0 else { return false }
        publishRoot()
        return true
    }

    /// Fills in what may be told of a node; false when nothing may.
    private func describe(_ node: Node, _ value: inout uki_name) -> Bool {
        guard node.synthetic == nil, !node.isRemoved, let tree = node.mount.tree, !tree.isVolatile else { return false }
        value.kind = UInt8(UKI_PRESENT)
        value.type = node.type.rawValue
        if node.isFolder { value.child = number(of: node) }
        guard let attributes = node.attributes else { return true }
        if node.isFolder, node.layerStat != nil, !node.isMerged, node.origin == nil, node.needsListing == false,
            let id = node.hostID, isPlain(id, attributes, node.mount)
        {
            value.flags |= UInt8(UKI_IS_PLAIN)
        }
        value.mode = attributes.mode
        if !node.mount.forbidsPrograms { value.flags |= UInt8(UKI_HAS_MODE) }
        if attributes.hasNoState, !node.mount.forbidsDevices {
            value.flags |= UInt8(UKI_IS_PLAIN | UKI_HAS_INODE)
            value.ino = attributes.inode
            value.device = node.mount.deviceMinor
        }
        let isTakenAhead = node.layerStat != nil || !files.isWatched
        if isTakenAhead, attributes.type == .file, node.type == .file, let id = node.hostID,
            isPlain(id, attributes, node.mount)
        {
            value.flags |= UInt8(UKI_IS_PLAIN | UKI_HAS_INODE)
            value.uid = attributes.uid
            value.gid = attributes.gid
            value.ino = attributes.inode
            value.device = node.mount.deviceMinor
        }
        // Size and times of files that can be written to change without this kernel.
        if let known = node.layerStat {
            var host = known.host
            if node.isMerged { host.nlink = 1 }
            files.show(attributes, on: node.mount, in: &host)
            fill(&value, host)
        }
        return true
    }

    /// Whether the inode number that is shown for a file stands for no other file of its mount.
    func isPlain(_ host: HostID, _ attributes: Attributes, _ mount: Mount) -> Bool {
        guard host.inode == attributes.inode else { return false }
        if mount.plainDevice == nil { mount.plainDevice = host.device }
        return mount.plainDevice == host.device
    }

    func fill(_ value: inout uki_name, _ stat: ukf_stat) {
        for time in [stat.atime, stat.mtime, stat.ctime, stat.btime] {
            guard time >= 0, time < 1 << 34 else { return }
        }
        value.flags |= UInt8(UKI_HAS_STAT | UKI_HAS_INODE)
        value.mode = stat.mode & 0o7777
        value.nlink = stat.nlink
        value.uid = stat.uid
        value.gid = stat.gid
        value.blksize = stat.blksize
        value.ino = stat.ino
        value.size = stat.size
        value.blocks = stat.blocks
        value.times = (
            uki_time(stat.atime, stat.atime_ns), uki_time(stat.mtime, stat.mtime_ns),
            uki_time(stat.ctime, stat.ctime_ns), uki_time(stat.btime, stat.btime_ns)
        )
        value.mask = stat.mask
        value.attributes = UInt32(truncatingIfNeeded: stat.attributes)
        value.attributes_mask = UInt32(truncatingIfNeeded: stat.attributes_mask)
        value.device = stat.dev_minor
        value.rdev_major = stat.rdev_major
        value.rdev_minor = stat.rdev_minor
    }

    /// What is told of the name that a path of folders' names leads to; nil when nothing is.
    package func told(_ path: [String]) -> uki_name? {
        var folder = header.pointee.root
        var found: uki_name?
        for name in path {
            guard folder != 0, let entry = name.withCString({ uki_find(table, folder, $0, UInt32(name.utf8.count)) })
            else { return nil }
            found = entry.pointee
            folder = entry.pointee.child
        }
        return found
    }

    /// A name of a folder is about to stand for something else, or for nothing.
    func forget(_ name: Name, in folder: Node) {
        guard isTold(folder) else { return }
        withBytes(of: name) {
            uki_forget(table, folder.sharedNumber, $0.baseAddress!, UInt32($0.count))
            uki_admit_later(table, folder.sharedNumber, $0.baseAddress!, UInt32($0.count))
        }
        forgetStat(of: folder)
    }

    /// A folder's size and times are about to change, its name and mode stay.
    func forgetStat(of folder: Node) {
        guard folder.isToldWithStat else { return }
        folder.isToldWithStat = false
        guard let parent = folder.parent, isTold(parent) else { return }
        withBytes(of: folder.name) { uki_forget(table, parent.sharedNumber, $0.baseAddress!, UInt32($0.count)) }
        saw(folder.name, in: parent, folder)
    }

    /// What is shown of a node is about to change.
    func forget(_ node: Node) {
        var at = node
        while at.parent == nil, let point = at.mount.point { at = point }
        if let parent = at.parent { forget(at.name, in: parent) }
        forgetRecord(of: node)
    }

    /// A folder is about to move, or to be seen by others than before: so is all below it.
    func forgetAll(below folder: Node) {
        forget(folder)
        if isTold(folder) { flush() }
        folder.sharedGeneration = 0
    }

    /// A node's owner and mode have changed.
    func changed(_ node: Node, _ attributes: Attributes) {
        if node.isFolder, attributes.mode & 0o555 != 0o555 || !isTold(node) { return forgetAll(below: node) }
        forget(node)
    }

    func withBytes(of name: Name, _ body: (UnsafeRawBufferPointer) -> Void) {
        let count = name.count
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer in
            guard count > 0, count <= 255 else { return }
            name.copy(to: buffer.baseAddress!)
            body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
        }
    }

    // MARK: Descriptors

    /// A process has, or is about to get, a descriptor of the host's file `host` that stands for a node.
    func opened(_ node: Node, host: HostID, isStandIn: Bool) {
        guard let tree = node.mount.tree, node.synthetic == nil, !node.isRemoved, !tree.isVolatile else { return }
        var record = uki_record()
        if node.isFolder {
            record.folder = number(of: node)
            if record.folder != 0 { record.flags |= UInt32(UKI_FOLDER) }
            if !isStandIn, !node.isMerged, node.needsListing == false { record.flags |= UInt32(UKI_LISTABLE) }
        }
        if !isStandIn, !files.removedLayerFiles.contains(host), node.type == .file || (node.isFolder && !node.isMerged),
            let attributes = node.attributes
        {
            record.flags |= UInt32(UKI_SHOWN)
            record.mode = attributes.mode
            record.uid = attributes.uid
            record.gid = attributes.gid
            record.shown = attributes.inode
            record.device = node.mount.deviceMinor
        }
        guard record.flags != 0 else { return }
        (record.dev, record.ino) = host.numbers
        uki_publish_record(table, &record)
    }

    /// A descriptor of the host's file no longer stands for what it did.
    func forgetRecord(of id: HostID) {
        let (device, inode) = id.numbers
        uki_forget_record(table, device, inode)
    }

    func forgetRecord(of node: Node) {
        if let id = node.hostID { forgetRecord(of: id) }
    }

    // MARK: Processes

    /// Where a process works, and who it is.
    package func setProcess(
        _ pid: Int32, folder: Node, uid: UInt32, effectiveUID: UInt32, gid: UInt32, effectiveGID: UInt32
    ) {
        var process = uki_process()
        process.pid = UInt32(pid)
        process.folder = folder.isRemoved ? 0 : number(of: folder)
        (process.uid, process.effective_uid) = (uid, effectiveUID)
        (process.gid, process.effective_gid) = (gid, effectiveGID)
        uki_publish_process(table, &process)
    }

    package func forgetProcess(_ pid: Int32) { uki_forget_process(table, UInt32(pid)) }
}

extension HostID {
    /// Device and inode number as stat(2) gives them.
    var numbers: (UInt64, UInt64) {
        (ukf_device(UInt32(truncatingIfNeeded: device >> 32), UInt32(truncatingIfNeeded: device)), inode)
    }
}

extension FileSystem {
    /// A process asks relative to a descriptor, whose host's stat is given.
    package func tell(_ host: ukf_stat, _ node: Node) {
        guard let shared else { return }
        let id = HostID(host)
        shared.opened(node, host: id, isStandIn: handles[id] != nil)
    }

    /// Begins to tell processes what they may know without asking; nil where the host has no memory for it.
    package func share() -> SharedNames? {
        if let shared { return shared }
        guard let made = try? SharedNames(self) else { return nil }
        shared = made
        for mount in mounts { mount.shared = made }
        return made
    }
}
