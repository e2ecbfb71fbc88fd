import CFiles
import Glibc
import KernelProtocol
import SystemPackage

/// Mounting what a container's specification asks for (OCI runtime specification, config.md and config-linux.md).
extension FileSystem {
    /// Mounts everything and hides or seals what is to be hidden or sealed. Call once, before any process runs.
    /// - Throws: `FileSystemFailure` that names the mount.
    package func mount(_ specification: ContainerSpecification, console: String?) throws(FileSystemFailure) {
        let wasReadonly = mounts[0].isReadonly
        mounts[0].isReadonly = !(mounts[0].tree?.isWritable ?? false)
        defer { mounts[0].isReadonly = wasReadonly }
        for mount in specification.mounts {
            do throws(Errno) {
                if isOfMemory(mount) {
                    try onceEntered(mount.destination) { [unowned self] () throws(Errno) in try self.mount(mount) }
                } else {
                    try self.mount(mount)
                }
            } catch {
                let source = mount.type == "bind" || isBind(mount) ? " of \(mount.source)" : ""
                throw FileSystemFailure("cannot mount \(mount.type)\(source) at \(mount.destination): \(error)", error)
            }
        }
        do throws(Errno) {
            for device in specification.devices { try make(device) }
            try onceEntered("/dev/null") { [unowned self] () throws(Errno) in try makeDevices() }
            if let console { try setConsole(console) }
            for path in specification.maskedPaths { try mask(path) }
            for path in specification.readonlyPaths {
                let found = try? resolve(Array(path.utf8), from: root, for: kernelCaller())
                if case .node(let node)? = found?.place {
                    pin(node)
                    node.isSealed = true
                }
            }
        } catch {
            throw FileSystemFailure("cannot prepare /dev and masked paths: \(error)", error)
        }
        for line in specification.sysctls {
            guard let equals = line.firstIndex(of: "=") else { continue }
            identity.sysctls[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
    }

    private func isBind(_ mount: MountSpecification) -> Bool {
        mount.options.contains("bind") || mount.options.contains("rbind")
    }

    /// Whether a mount shows nothing of the host's that could be missing, or change until somebody enters it.
    private func isOfMemory(_ mount: MountSpecification) -> Bool {
        ["tmpfs", "mqueue", "ramfs", "devpts"].contains(mount.type) && !isBind(mount)
    }

    /// Does what is to be done at a path once somebody enters the mount that it leads into: at once, if that is the case.
    private func onceEntered(_ path: String, _ work: @escaping () throws(Errno) -> Void) throws(Errno) {
        guard let outer = unentered(above: path) else { return try work() }
        try outer.onceEntered { [unowned self] () throws(Errno) in
            // Whoever enters is in the middle of a path.
            let buffer = pathBuffer
            pathBuffer = .allocate(capacity: FileSystem.pathBufferSize)
            defer {
                pathBuffer.deallocate()
                pathBuffer = buffer
            }
            try work()
        }
    }

    /// The mount that a path leads into and that nobody has entered yet.
    private func unentered(above path: String) -> Mount? {
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map { Name(Array($0)) }
        guard !names.contains(where: { $0.bytes.allSatisfy { $0 == UInt8(ascii: ".") } }) else { return nil }
        return mounts.last { mount in
            guard !mount.isEntered, let above = mount.point.flatMap({ self.names(of: $0, from: root) }) else {
                return false
            }
            return names.count > above.count && names.starts(with: above)
        }
    }

    /// Has all mounts made, for who wants to know of each.
    func enterMounts() {
        var next = 0
        while next < mounts.count {
            if !mounts[next].isEntered { try? mounts[next].enter() }
            next += 1
        }
    }

    /// Mounts one file system.
    package func mount(_ specification: MountSpecification) throws(Errno) {
        let made: Mount
        var isFolder = true
        if specification.type == "bind" || isBind(specification) {
            let place = try Tree.openPlace(specification.source)
            let isReadonly = specification.options.contains("ro") || specification.options.contains("rro")
            let tree = Tree(places: [place], isWritable: true, isVolatile: true)
            // Where it lies on the host is nobody's business inside.
            made = newMount(place.fileSystem, source: "/dev/root", tree: tree, isReadonly: isReadonly)
            made.setRoot(try FileSystem.makeRoot(of: tree, mount: made))
            isFolder = made.root.isFolder
            for other in mounts
            where other.tree?.isVolatile == true && other.root.hostID?.device == made.root.hostID?.device {
                made.deviceMinor = other.deviceMinor
            }
        } else {
            made = try makeFileSystem(specification)
        }
        made.isReadonly = made.isReadonly || specification.options.contains("ro")
        made.forbidsPrograms = specification.options.contains("noexec")
        made.forbidsSetID = specification.options.contains("nosuid")
        made.forbidsDevices = specification.options.contains("nodev")
        let point = try mountPoint(Array(specification.destination.utf8), isFolder: isFolder)
        guard point.isFolder == isFolder else { throw .notDirectory }
        attach(made, to: point)
    }

    func attach(_ mount: Mount, to point: Node) {
        pin(point)
        mount.attach(to: point)
        mounts.append(mount)
        mount.shared = shared
        shared?.flush()
    }

    func newMount(
        _ type: String, source: String, options: String = "", tree: Tree?, isReadonly: Bool = false
    ) -> Mount {
        mountsMade += 1
        return Mount(id: mountsMade, type: type, source: source, options: options, isReadonly: isReadonly, tree: tree)
    }

    func makeFileSystem(_ specification: MountSpecification) throws(Errno) -> Mount {
        switch specification.type {
        case "tmpfs", "mqueue", "ramfs":
            return makeTemporary(specification)
        case "proc":
            return synthetic("proc", source: "proc", ProcFolder(self))
        case "sysfs":
            return synthetic("sysfs", source: "sysfs", SystemFolder.make(self))
        case "devpts":
            return synthetic("devpts", source: "devpts", TerminalFolder(self), mode: 0o755)
        case "cgroup", "cgroup2":
            return synthetic("cgroup2", source: "cgroup", SystemFolder.makeControlGroup(self))
        default:
            throw Errno(rawValue: ENODEV)
        }
    }

    func synthetic(_ type: String, source: String, _ folder: any SyntheticFolder, mode: UInt32 = 0o555) -> Mount {
        let mount = newMount(type, source: source, tree: nil)
        let root = Node(parent: nil, name: Name([]), mount: mount, type: .folder)
        root.synthetic = MadeItem(.folder, mode: mode, inode: 1, .folder(folder))
        mount.setRoot(root)
        return mount
    }

    /// A tmpfs is a folder of its own in the scratch folder, made when somebody enters it.
    private func makeTemporary(_ specification: MountSpecification) -> Mount {
        let tree = Tree(places: [], isWritable: true, isVolatile: false)
        tree.setWork(scratch)
        let shown = specification.options.filter { $0.hasPrefix("size=") || $0.hasPrefix("mode=") }
        let mount = newMount(
            specification.type, source: specification.source.isEmpty ? specification.type : specification.source,
            options: shown.joined(separator: ","), tree: tree)
        mount.space = SpaceLimit(options: specification.options)
        mount.setRoot(whenEntered: { [unowned self, unowned mount] () throws(Errno) in
            try makeTemporaryRoot(of: mount, in: tree, specification.options)
        })
        return mount
    }

    private func makeTemporaryRoot(of mount: Mount, in tree: Tree, _ options: [String]) throws(Errno) -> Node {
        scratchNames += 1
        let path = "\(scratchPath)/t\(scratchNames)"
        try check(ukf_mkdir(AT_FDCWD, path, 0o700))
        tree.add(try Tree.openPlace(path))
        let root = try FileSystem.makeRoot(of: tree, mount: mount)
        var (mode, uid, gid) = (UInt32(0o1777), UInt32(0), UInt32(0))
        for option in options {
            if option.hasPrefix("mode=") { mode = UInt32(option.dropFirst(5), radix: 8) ?? mode }
            if option.hasPrefix("uid=") { uid = UInt32(option.dropFirst(4)) ?? uid }
            if option.hasPrefix("gid=") { gid = UInt32(option.dropFirst(4)) ?? gid }
        }
        let wasReadonly = mount.isReadonly
        mount.isReadonly = false
        defer { mount.isReadonly = wasReadonly }
        try setMode(mode, of: root, for: kernelCaller())
        if uid != 0 || gid != 0 { try setOwner(uid: uid, gid: gid, of: root, for: kernelCaller()) }
        return root
    }

    // MARK: Mount points

    /// The node to mount on. What is missing is made, as runc does; where it cannot be made, it exists in memory only.
    private func mountPoint(_ path: [UInt8], isFolder: Bool) throws(Errno) -> Node {
        let caller = kernelCaller()
        var node = root
        var done: [UInt8] = []
        let components = path.split(separator: UInt8(ascii: "/"))
        for (index, component) in components.enumerated() {
            done.append(UInt8(ascii: "/"))
            done += component
            let found = try resolve(done, from: root, for: caller)
            if case .node(let next)? = found.place {
                node = next
                continue
            }
            let isLast = index == components.count - 1
            let needsFolder = isFolder || !isLast
            // A dangling link is made good: what it leads to is made.
            let (parent, name) = (found.parent, found.name.isEmpty ? Name(Array(component)) : found.name)
            do throws(Errno) {
                if needsFolder {
                    node = try makeFolder(name, in: parent, for: caller, mode: 0o755)
                } else {
                    close(try createFile(name, in: parent, for: caller, flags: O_WRONLY, mode: 0o644))
                    guard let made = try child(of: parent, named: name, for: caller) else { throw .ioError }
                    node = made
                }
            } catch {
                guard error == .readOnlyFileSystem || error == .permissionDenied else { throw error }
                node = Node(parent: parent, name: name, mount: parent.mount, type: needsFolder ? .folder : .file)
                node.synthetic =
                    needsFolder
                    ? MadeItem.folder(MadeFolder([:]), mode: 0o755) : MadeItem.file(mode: 0o644) { _ in [] }
                parent.children[name] = .present(node)
                parent.needsListing = true
            }
        }
        return node
    }

    /// Keeps a node in the tree for good.
    func pin(_ node: Node) {
        guard let parent = node.parent else { return }
        parent.children[node.name] = .present(node)
    }

    /// Covers a path with an empty file or folder; a path that does not exist is passed over.
    private func mask(_ path: String) throws(Errno) {
        guard let found = try? resolve(Array(path.utf8), from: root, for: kernelCaller()),
            case .node(let node)? = found.place, node.parent != nil
        else { return }
        let mount: Mount
        if node.isFolder {
            mount = synthetic("tmpfs", source: "tmpfs", MadeFolder([:]), mode: 0o1777)
        } else {
            mount = newMount("tmpfs", source: "tmpfs", tree: nil)
            let root = Node(parent: nil, name: Name([]), mount: mount, type: .file)
            root.synthetic = MadeItem(.file, mode: 0o444, inode: 1, .file(read: { _ in [] }))
            mount.setRoot(root)
        }
        mount.isReadonly = true
        attach(mount, to: node)
    }

    // MARK: /dev

    /// Makes a node that the container's configuration names, unless there is one of that name. The terminals' are this
    /// file system's own.
    private func make(_ device: DeviceSpecification) throws(Errno) {
        let path = Array(device.path.utf8)
        guard device.path != "/dev/ptmx", device.path != "/dev/console",
            let slash = path.lastIndex(of: UInt8(ascii: "/"))
        else { return }
        let caller = kernelCaller()
        let folder = try makeFolders(Array(path[...slash]), for: caller, uid: 0, gid: 0)
        guard let tree = folder.mount.tree, tree.isWritable else { throw .readOnlyFileSystem }
        let wasReadonly = folder.mount.isReadonly
        folder.mount.isReadonly = false
        defer { folder.mount.isReadonly = wasReadonly }
        let name = Name(Array(path[(slash + 1)...]))
        guard try child(of: folder, named: name, for: caller) == nil else { return }
        try makeNode(
            name, in: folder, for: caller, type: FileType(mode: device.mode), mode: device.mode & 0o7777,
            major: device.major, minor: device.minor)
        guard device.uid != 0 || device.gid != 0, let node = try child(of: folder, named: name, for: caller) else {
            return
        }
        try setOwner(uid: device.uid, gid: device.gid, of: node, for: caller)
    }

    /// The devices and links that every container has (OCI runtime specification, config-linux.md, Default Devices).
    private func makeDevices() throws(Errno) {
        let caller = kernelCaller()
        guard case .node(let folder)? = try? resolve(Array("/dev".utf8), from: root, for: caller).place,
            folder.isFolder,
            let tree = folder.mount.tree, !tree.isVolatile
        else { return }
        let wasReadonly = folder.mount.isReadonly
        folder.mount.isReadonly = !tree.isWritable
        defer { folder.mount.isReadonly = wasReadonly }
        guard tree.isWritable else { return }
        let devices: [(String, UInt32, UInt32)] = [
            ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
        ]
        for (name, major, minor) in devices where try child(of: folder, named: Name(name), for: caller) == nil {
            try makeNode(
                Name(name), in: folder, for: caller, type: .characterDevice, mode: 0o666, major: major, minor: minor)
        }
        let links = [
            ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx"), ("core", "/proc/kcore"),
        ]
        for (name, target) in links where try child(of: folder, named: Name(name), for: caller) == nil {
            try makeLink(Name(name), in: folder, for: caller, target: Array(target.utf8))
        }
    }

    /// Makes /dev/console, where there is none yet, and lets it be a terminal of the host.
    package func setConsole(_ path: String) throws(Errno) {
        (devices as? HostDevices)?.console = path
        let caller = kernelCaller()
        guard case .node(let folder)? = try? resolve(Array("/dev".utf8), from: root, for: caller).place,
            folder.isFolder,
            let tree = folder.mount.tree, tree.isWritable, !tree.isVolatile, !folder.mount.isReadonly,
            try child(of: folder, named: Name("console"), for: caller) == nil
        else { return }
        try makeNode(
            Name("console"), in: folder, for: caller, type: .characterDevice, mode: 0o620, major: 5, minor: 1)
    }
}
