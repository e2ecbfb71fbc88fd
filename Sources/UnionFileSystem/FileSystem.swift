import CFiles
import Glibc
import SystemPackage

/// The container's whole tree of files: a union of layers, what is mounted in it, and the way from paths to the host's files.
///
/// Belongs to one thread. Every operation takes the `Caller` on whose behalf it is done, checks what
/// path_resolution(7) asks, and throws the `Errno` that Linux would give.
package final class FileSystem {
    /// The container's root folder.
    package let root: Node
    /// In the order in which they were mounted; the root first.
    var mounts: [Mount] = []
    var mountsMade = 0
    /// A private folder of the host: backing of tmpfs mounts and of descriptors for folders that no host folder is like.
    let scratch: CInt
    let scratchPath: String
    var scratchNames = 0
    /// What `temporaryMemory` found, and until when that is good.
    var temporaryUsed: UInt64 = 0
    var temporaryGoodUntil: UInt64 = 0
    /// Nodes that were opened lately, by the host's file that the descriptor holds.
    var openedNodes: [HostID: Node] = [:]
    static let openedNodesLimit = 2048
    /// Files of layers that were removed here after they had been opened.
    var removedLayerFiles: Set<HostID> = []
    /// Nodes of devices that were opened, by device number: what fstat shows for the host's device.
    var deviceNodes: [UInt64: WeakNode] = [:]
    /// Open folders whose listing is ours, by the host's (nameless) folder that the descriptor holds.
    var handles: [HostID: OpenFolder] = [:]
    var handlesLimit = 256
    /// Right side up path building for symbolic links.
    var pathBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: FileSystem.pathBufferSize)
    static let pathBufferSize = 4 * 4096
    /// Opens what a device number stands for; see `DeviceOpener`.
    package var devices: any DeviceOpener = HostDevices()
    /// Pseudo-terminals opened inside.
    let terminals = TerminalRegistry()
    /// The file that was opened last, whose descriptor is to be handed over.
    package var lastOpened: Node?
    /// What processes are told without asking; nil before one asks often.
    package internal(set) var shared: SharedNames?
    /// Files of the writable folder may be watched.
    var isWatched = false
    /// The container's processes, for /proc; nil before the kernel said so.
    package var processes: (any ProcessTableView)?
    /// Host name and the like, for /proc/sys/kernel.
    package var identity = SystemIdentity()

    /// Whether who calls can wait for a `DataCopy`; else all data is copied at once.
    package var copiesAside = false
    /// What the call that ended with `mustWait` waits for.
    package var wanted: DataCopy?
    var copies: [ObjectIdentifier: DataCopy] = [:]
    /// What `pin` holds; -1: nothing.
    private var pinned: CInt = -1

    struct WeakNode {
        weak var node: Node?
    }

    /// - Parameters:
    ///   - layers: folders of the host, topmost first.
    ///   - upper: the writable folder above them.
    ///   - work: a folder on upper's file system, for files that are being made.
    ///   - scratch: a folder of the host that is this file system's own and is empty.
    /// - Throws: `FileSystemFailure`, which names the folder that cannot be opened.
    package init(
        layers: [String], upper: String?, work: String?, isReadonly: Bool, scratch: String
    ) throws(FileSystemFailure) {
        var places: [Tree.Place] = []
        for path in (upper.map { [$0] } ?? []) + layers {
            do throws(Errno) {
                places.append(try Tree.openPlace(path))
            } catch {
                throw FileSystemFailure("cannot open layer \(path): \(error)", error)
            }
        }
        guard !places.isEmpty else {
            throw FileSystemFailure("a root needs a layer or an upper folder", .invalidArgument)
        }
        scratchPath = scratch
        self.scratch = ukf_open(AT_FDCWD, scratch, O_RDONLY | O_DIRECTORY, 0)
        guard self.scratch >= 0 else {
            throw FileSystemFailure("cannot open scratch folder \(scratch)", Errno(rawValue: -self.scratch))
        }
        let tree = Tree(places: places, isWritable: upper != nil, isVolatile: false)
        let mount = Mount(
            id: 1, type: "overlay", source: "overlay", isReadonly: isReadonly || upper == nil, tree: tree)
        mountsMade = 1
        mounts = [mount]
        do throws(Errno) {
            root = try FileSystem.makeRoot(of: tree, mount: mount)
            if upper != nil { try tree.openWork(work) }
        } catch {
            throw FileSystemFailure("cannot use root \(upper ?? layers[0]): \(error)", error)
        }
        mount.setRoot(root)
    }

    /// The root node of a tree, with all the places in which it is a folder that is not hidden.
    static func makeRoot(of tree: Tree, mount: Mount) throws(Errno) -> Node {
        let node = Node(parent: nil, name: Name([]), mount: mount, type: .folder, places: tree.allPlaces)
        var places: UInt128 = 0
        for place in tree.places.indices {
            places |= 1 << UInt128(place)
            let isOpaque = try tree.at(node, place: place) { descriptor, path throws(Errno) in
                tree.isOpaque(descriptor, path)
            }
            if isOpaque { break }
        }
        node.places = places
        let found = try tree.stat(node)
        node.type = found.attributes.type
        node.hostID = HostID(found.host)
        if !tree.isVolatile { node.attributes = found.attributes }
        return node
    }

    /// The container has ended: removes what was made on the host for the kernel's own use.
    package func end() {
        if let tree = mounts[0].tree, tree.isWritable { tree.closeWork() }
        try? FileSystem.removeHostFolder(scratchPath)
    }

    // MARK: Foreign descriptors

    /// A name of the host for what a process's descriptor (`/proc/PID/fd/N`) holds now, which stays the same when the process
    /// puts something else under its number. Good until `unpin`.
    package func pin(_ path: some StringProtocol) throws(Errno) -> String {
        unpin()
        pinned = try check(ukf_open(AT_FDCWD, String(path), oPath, 0))
        return "/proc/self/fd/\(pinned)"
    }

    /// The call is answered: lets go of what `pin` held.
    @inline(__always)
    package func unpin() {
        if pinned >= 0 { close(pinned) }
        pinned = -1
    }

    // MARK: Nodes

    /// Owner, mode and type of a node.
    package func attributes(of node: Node) throws(Errno) -> Attributes {
        let node = node.real
        if let known = node.attributes { return known }
        if let item = node.synthetic { return item.attributes }
        if node.isRemoved { return Attributes(type: node.type, mode: 0o755) }
        return try node.mount.tree!.stat(node).attributes
    }

    /// The child of a folder, what is mounted on it taken into account.
    func child(of folder: Node, named name: Name, for caller: Caller) throws(Errno) -> Node? {
        var node = try ownChild(of: folder, named: name, for: caller)
        while let mounted = node?.mounted { node = mounted.root }
        return node
    }

    /// The child of a folder, whatever is mounted on it.
    func ownChild(of folder: Node, named name: Name, for caller: Caller) throws(Errno) -> Node? {
        if folder.origin != nil { return try boundChild(of: folder, named: name, for: caller) }
        var node: Node?
        if let item = folder.synthetic {
            if case .present(let pinned) = folder.children[name] {
                node = pinned
            } else {
                guard case .folder(let content) = item.content else { throw .notDirectory }
                guard let found = try content.item(named: name, for: caller) else { return nil }
                node = Node(parent: folder, name: name, mount: folder.mount, type: found.attributes.type)
                node!.synthetic = found
            }
        } else {
            node = try folder.mount.tree!.child(of: folder, named: name)
            if folder.mount.nodesMade > FileSystem.nodeLimit { sweep(folder.mount) }
        }
        return node
    }

    /// The folder above; a folder's own self at the very top.
    package func parent(of node: Node) -> Node {
        var at = node
        while at.parent == nil, let point = at.mount.point { at = point }
        return at.parent ?? at
    }

    /// - Throws: `EACCES` unless the node grants what is wanted.
    func demand(_ access: Access, on node: Node, for who: Credentials) throws(Errno) {
        if who.overridesAccess, node.isFolder || !access.contains(.execute) { return }
        guard try attributes(of: node).grants(access, to: who) else { throw .permissionDenied }
    }

    /// - Throws: `EROFS` when the node lies in what may not be written.
    func demandWritable(_ node: Node) throws(Errno) {
        if node.mount.isReadonly || isSealed(node) { throw .readOnlyFileSystem }
        if let origin = node.origin, isSealed(origin) { throw .readOnlyFileSystem }
    }

    /// Whether the node or a folder above it, up to the mount's root, was sealed.
    func isSealed(_ node: Node) -> Bool {
        var at: Node? = node
        while let seen = at {
            if seen.isSealed { return true }
            at = seen.parent
        }
        return false
    }

    /// The absolute path of a node as seen from `root`; nil when it lies outside or has been removed.
    package func path(of node: Node, from root: Node) -> [UInt8]? {
        guard let names = names(of: node, from: root) else { return nil }
        var path: [UInt8] = []
        for name in names {
            path.append(UInt8(ascii: "/"))
            path += name.bytes
        }
        return path.isEmpty ? [UInt8(ascii: "/")] : path
    }

    /// The names that lead to a node from `root`; nil when it lies outside or has been removed.
    func names(of node: Node, from root: Node) -> [Name]? {
        var names: [Name] = []
        var at = node
        while at !== root {
            if at.isRemoved { return nil }
            if let parent = at.parent {
                names.append(at.name)
                at = parent
            } else if let point = at.mount.point {
                at = point
            } else {
                return nil
            }
        }
        return names.reversed()
    }

    // MARK: Bounds

    static let nodeLimit = 16384

    /// Cuts nodes that nobody holds, and nobody looked up since the last sweep, out of a mount's tree.
    func sweep(_ mount: Mount) {
        // Folders before what is in them; looked at from the end, so that emptied ones can go as well.
        var folders: [Node] = [mount.root]
        var next = 0
        while next < folders.count {
            for case .present(let child) in folders[next].children.values where !child.children.isEmpty {
                folders.append(child)
            }
            next += 1
        }
        var kept = 0
        while let folder = folders.popLast() {
            for name in Array(folder.children.keys) {
                guard case .present(var child)? = folder.children.removeValue(forKey: name) else { continue }
                let isPinned = child.mounted != nil || child.isSealed || child.synthetic != nil || child.wasUsed
                child.wasUsed = false
                if isPinned || !child.children.isEmpty || !isKnownUniquelyReferenced(&child) {
                    folder.children[name] = .present(child)
                    kept += 1
                } else {
                    folder.knowsAllNames = false
                    // Under the next node for it, its names are told under another number.
                    shared?.forget(name, in: folder)
                    shared?.forgetRecord(of: child)
                }
            }
        }
        mount.nodesMade = min(kept, FileSystem.nodeLimit / 2)
    }
}

/// Why a file system could not be set up, with the name of what is wrong.
package struct FileSystemFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    package let errno: Errno

    package init(_ description: String, _ errno: Errno) {
        self.description = description
        self.errno = errno
    }
}
