import CFiles
import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage
import UnionFileSystem

/// The container's files, as the rest of the kernel uses them: exec looks programs up here, births get their folder
/// and root, and /proc asks here for the processes.
package final class ContainerFiles: ProcessTableView {
    package let system: FileSystem
    private unowned let kernel: Kernel
    private let scratch: String
    let programs = ProgramCache()
    /// Whether the host permits pidfd_getfd(2); docker's default seccomp profile does not.
    private let mayFetchDescriptors: Bool = {
        let own = ukk_pidfd_open(getpid())
        guard own >= 0 else { return false }
        defer { close(own) }
        let fetched = ukf_pidfd_getfd(own, own)
        guard fetched >= 0 else { return false }
        close(fetched)
        return true
    }()

    /// Opens the root's layers and mounts what the specification asks for.
    /// - Throws: `HostError` that names the layer or mount source that cannot be used.
    package init(_ specification: ContainerSpecification, kernel: Kernel) throws(HostError) {
        self.kernel = kernel
        // Modes of files are made here, not taken off by what this process was started with.
        umask(0)
        scratch = kernel.controlPath.removingLastComponent().appending("files").string
        let root = specification.root
        do {
            try ContainerFiles.emptyFolder(scratch)
            system = try FileSystem(
                layers: root.layers, upper: root.upper, work: root.work, isReadonly: root.isReadonly, scratch: scratch)
        } catch let failure as FileSystemFailure {
            throw HostError(failure.errno, "open root", failure.description)
        } catch {
            throw HostError((error as? Errno) ?? .ioError, "make folder", scratch)
        }
        system.processes = self
        system.identity = SystemIdentity(
            hostname: kernel.system.hostname, domainname: kernel.system.domainname, release: kernel.system.release,
            version: kernel.system.version)
        do {
            try system.mount(specification, console: nil)
        } catch {
            throw HostError(error.errno, "mount", error.description)
        }
    }

    /// Removes what was kept on the host for this container alone.
    package func remove() {
        system.end()
    }

    /// The terminal of the container's first process, a path of the host: what /dev/console is.
    package func setConsole(_ path: String) {
        try? system.setConsole(path)
    }

    /// A terminal that the kernel opened for a process: a name in /dev/pts.
    package func enter(terminal master: CInt, for user: UInt32) {
        system.enter(terminal: master, for: user)
    }

    /// What a process of the container that is born from outside (boot, exec) starts with. Makes the working folder
    /// when it is missing, as runc does.
    /// - Throws: `ENOTDIR` and the like about `workingDirectory`.
    package func state(for process: ProcessSpecification, isFirst: Bool = false) throws(Errno) -> FileState {
        let caller = system.kernelCaller()
        let path = process.workingDirectory.isEmpty ? [UInt8(ascii: "/")] : Array(process.workingDirectory.utf8)
        let folder =
            isFirst
            ? try system.makeFoldersFirst(path, for: caller, uid: process.uid, gid: process.gid)
            : try system.makeFolders(path, for: caller, uid: process.uid, gid: process.gid)
        return FileState(root: system.root, folder: folder, umask: process.umask)
    }

    /// Opens a program (or script, or interpreter) to be executed: a regular file, with execute permission for
    /// `process.inherited.identity`, not on a `noexec` mount.
    ///
    /// - Parameter folder: a descriptor of the caller, or AT_FDCWD. An empty path with a descriptor names the file itself.
    /// - Throws: `ENOENT`, `EACCES`, `ELOOP`, `ENOTDIR`, ...
    package func openProgram(
        _ path: [UInt8], folder: CInt, noFollow: Bool, process: Process, tid: pid_t
    ) throws(Errno) -> ProgramFile {
        let caller = caller(process, tid: tid)
        var place: Place
        if path.isEmpty {
            let name = "/proc/\(tid)/fd/\(folder)"
            if let node = try system.node(behind: name) {
                place = .node(node)
            } else {
                let pinned = try system.pin(name)
                place = try system.node(behind: pinned).map { .node($0) } ?? .descriptor(path: Array(pinned.utf8))
            }
        } else {
            let base = path[0] == UInt8(ascii: "/") ? caller.root : try base(folder, process: process, tid: tid)
            let found = try system.resolve(path, from: base, for: caller, noFollow ? [] : .followLast)
            guard let reached = found.place else { throw .noSuchFileOrDirectory }
            if found.mustBeFolder { throw .permissionDenied }
            place = reached
        }
        switch place {
        case .node(let node):
            if node.type == .link { throw .tooManySymbolicLinkLevels }
            guard node.type == .file else { throw .permissionDenied }
            try system.checkAccess(.execute, to: node, for: caller)
            let attributes = try system.attributes(of: node)
            let kept = system.isOfLayer(node) ? programs.program(node) : nil
            let descriptor = if let kept { kept.descriptor } else { try openReadable(node) }
            let keepsID = !system.forbidsSetID(node)
            var file = ProgramFile(
                descriptor: descriptor, path: system.path(of: node, from: caller.root) ?? path,
                mode: keepsID ? attributes.mode : attributes.mode & ~0o6000, uid: attributes.uid, gid: attributes.gid)
            file.node = node
            file.layerNode = system.isOfLayer(node) ? node : nil
            if file.layerNode == nil, isBeingWritten(descriptor) {
                close(descriptor)
                throw .textFileBusy
            }
            file.executable = kept?.executable
            return file
        case .descriptor(let name):
            // A file of memory, or one that was removed.
            let text = String(decoding: name, as: UTF8.self)
            let stat = try system.stat(behind: text)
            guard FileType(mode: stat.mode) == .file, stat.mode & 0o111 != 0 else { throw .permissionDenied }
            let descriptor = try valid(ukf_open(AT_FDCWD, text, O_RDONLY, 0))
            let shown = (try? system.descriptorText(text, for: caller)) ?? name
            return ProgramFile(descriptor: descriptor, path: shown, mode: 0o755, uid: stat.uid, gid: stat.gid)
        }
    }

    /// Whether somebody holds a file open to write to it: then nobody gets a lease on it (fcntl(2), F_RDLCK).
    private func isBeingWritten(_ descriptor: CInt) -> Bool {
        guard ukf_lease(descriptor, F_RDLCK) == -EAGAIN else {
            _ = ukf_lease(descriptor, F_UNLCK)
            return false
        }
        return true
    }

    /// Whoever may execute a file may not be able to read it: the loader does it for him.
    private func openReadable(_ node: Node) throws(Errno) -> CInt {
        guard case .descriptor(let descriptor) = try system.open(node, for: system.kernelCaller(), flags: O_RDONLY)
        else {
            throw .permissionDenied
        }
        return descriptor
    }

    /// A process is gone: what was kept for it can be dropped.
    package func processEnded(_ process: Process) {}

    // MARK: Callers

    /// On whose behalf a process's path is looked up.
    package func caller(_ process: Process, tid: pid_t) -> Caller {
        let state = process.inherited
        let identity = state.identity
        return Caller(
            root: state.files.root, folder: state.files.folder,
            credentials: Credentials(
                uid: identity.fileUID, gid: identity.fileGID, groups: identity.groups, capabilities: identity.effective),
            process: number(of: process), hostProcess: process.pid, hostThread: tid)
    }

    /// Where a relative path starts: the working folder, or the folder behind a descriptor of the caller.
    /// - Throws: `EBADF`; `ENOTDIR`.
    package func base(_ descriptor: CInt, process: Process, tid: pid_t) throws(Errno) -> Node {
        if descriptor == AT_FDCWD { return process.inherited.files.folder }
        let stat = try hostStat(descriptor, process: process, tid: tid)
        guard let node = system.node(behind: HostProcess.descriptorPath(tid, descriptor), stat: stat) else {
            // A folder without a node has been removed.
            throw FileType(mode: stat.mode) == .folder ? .noSuchFileOrDirectory : .notDirectory
        }
        system.tell(stat, node)
        return node
    }

    /// The host's stat of what a descriptor of the caller holds.
    /// - Throws: `EBADF`.
    func hostStat(_ descriptor: CInt, process: Process, tid: pid_t) throws(Errno) -> ukf_stat {
        guard descriptor >= 0 else { throw .badFileDescriptor }
        // A thread may have descriptors of its own: only the first one's are the process's for sure.
        if mayFetchDescriptors, tid == process.pid, process.pidfd >= 0 {
            var stat = ukf_stat()
            let result = ukf_stat_fetched(process.pidfd, descriptor, &stat)
            if result == 0 { return stat }
            if result == -EBADF { throw .badFileDescriptor }
        }
        return try system.hostStat(behind: HostProcess.descriptorPath(tid, descriptor))
    }

    private func number(of process: Process) -> Int32 {
        process === kernel.processes.first ? 1 : process.pid
    }

    // MARK: ProcessTableView

    package func processNumbers() -> [Int32] {
        let table = kernel.processes
        for process in table.processes.values where process.unseenChildren > 0 {
            table.adoptUnseenChildren(of: process)
        }
        return (table.processes.values.map { number(of: $0) } + table.zombies().map { $0.pid }).sorted()
    }

    private func process(_ number: Int32) -> Process? {
        kernel.processes.process(numbered: number) ?? kernel.processes.zombie(number)
    }

    package func processView(_ number: Int32) -> ProcessView? {
        guard let process = process(number) else { return nil }
        let state = process.inherited
        let identity = state.identity
        let parent: Int32 =
            if process === kernel.processes.first || process.parent == 0 { 0 } else {
                self.number(ofHost: process.parent)
            }
        return ProcessView(
            number: self.number(of: process), hostNumber: process.pid, parent: parent,
            uids: (identity.uid, identity.effectiveUID, identity.savedUID, identity.fileUID),
            gids: (identity.gid, identity.effectiveGID, identity.savedGID, identity.fileGID), groups: identity.groups,
            capabilities: (
                identity.inheritable, identity.permitted, identity.effective, identity.bounding, identity.ambient
            ),
            noNewPrivileges: identity.noNewPrivileges, umask: state.files.umask, executable: state.executable,
            interpreterArguments: state.interpreterArguments, folder: state.files.folder, root: state.files.root)
    }

    package func number(ofHost pid: Int32) -> Int32 {
        guard let process = kernel.processes.processes[pid] else { return 0 }
        return number(of: process)
    }

    package func keptDescriptors(of number: Int32) -> Set<Int32> {
        process(number).map { kernel.inside.keptDescriptors(of: $0, kernel.memory, system) } ?? []
    }

    package func sockets() -> [UInt64: SocketView] {
        var result: [UInt64: SocketView] = [:]
        for process in kernel.processes.processes.values {
            let owner = process.inherited.identity.effectiveUID
            for inode in SocketTable.inodes(of: process.pid) where result[inode] == nil {
                // Without the family, which comes first in an address.
                let name = kernel.sockets.name(for: inode).map { Array($0.dropFirst(2)) }
                result[inode] = SocketView(owner: owner, name: name)
            }
        }
        return result
    }

    package func isExecuted(_ node: Node) -> Bool {
        kernel.processes.processes.values.contains { process in
            guard process.inherited.program?.isSameFile(as: node) == true else { return false }
            // Who waited for its end may be here before this kernel has heard of it.
            guard let state = HostProcess.statistics(of: process.pid)?.state else { return false }
            return state != UInt8(ascii: "Z") && state != UInt8(ascii: "X")
        }
    }

    package func isThread(_ thread: Int32, of number: Int32) -> Bool {
        guard let process = process(number) else { return false }
        return thread == process.pid || access("/proc/\(process.pid)/task/\(thread)", F_OK) == 0
    }

    package func resources() -> ResourceView {
        let (limits, usage) = (kernel.limits, kernel.statistics())
        let processors = Processors.mask(limits.processors).map { mask in
            Set((0..<mask.count * 8).filter { mask[$0 / 8] & 1 << UInt8($0 % 8) != 0 })
        }
        return ResourceView(
            memoryLimit: usage.memoryLimit, memory: usage.memory, processLimit: usage.pidsLimit,
            processes: UInt64(usage.processes), quota: limits.cpuQuota, period: limits.cpuPeriod, processors: processors
        )
    }

    // MARK: The scratch folder

    private static func emptyFolder(_ path: String) throws(Errno) {
        try removeFolder(path)
        try valid(ukf_mkdir(AT_FDCWD, path, 0o700))
    }

    private static func removeFolder(_ path: String) throws(Errno) {
        try FileSystem.removeHostFolder(path)
    }
}

/// The result, unless it is negative: then that errno is thrown.
@discardableResult
func valid(_ result: CInt) throws(Errno) -> CInt {
    guard result >= 0 else { throw Errno(rawValue: -result) }
    return result
}
