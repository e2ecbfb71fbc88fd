import Glibc
import Host
import KernelProtocol
import OCISpec
import SystemPackage

extension ContainerStore {
    /// Makes container `id` from `bundle`: its kernel runs then, and its first process waits for `start`.
    ///
    /// - Parameter kernel: the kernel's program; nil: `$UKERNEL`, or `ukernel` beside this program or on PATH.
    /// - Returns: the container, and its terminal's master if it has one that no console socket took.
    /// - Throws: `RuntimeError`; nothing is left of the container then.
    public func create(
        _ id: String, bundle: FilePath, options: ProcessOptions, kernel program: FilePath? = nil
    ) throws -> (container: Container, master: FileDescriptor?) {
        let folder = try self.folder(of: id)
        let source = try Bundle.source(bundle)
        let program = try program ?? KernelProgram.find()
        try Folders.make(root)
        guard mkdir(folder.string, 0o700) == 0 else {
            guard errno == EEXIST else { throw HostError.last("create folder", folder.string) }
            throw RuntimeError("container with id exists: \(id)")
        }
        let lock = try ContainerLock(folder)
        defer { lock.release() }
        var kernel: KernelProcess?
        do {
            // Before config.json is looked at: a kernel has preparations to make that take as long.
            let started = try KernelProcess(program, folder: folder)
            kernel = started
            let created = try boot(id, in: folder, kernel: started, source: source, options: options)
            try? started.socket.close()
            return created
        } catch {
            kernel?.end()
            removeFolder(folder)
            throw error
        }
    }

    private func boot(
        _ id: String, in folder: FilePath, kernel: KernelProcess, source: Bundle.Source, options: ProcessOptions
    ) throws -> (Container, FileDescriptor?) {
        let bundle = try Bundle(source)
        var specification = try ContainerSpecification(id: id, bundle: bundle)
        if specification.hostname.isEmpty { specification.hostname = sharedHostname(bundle.spec) ?? "" }
        specification.process.environment += options.activation
        let terminal = specification.process.terminal
        try Console.check(terminal: terminal, socket: options.consoleSocket, detached: options.isDetached)
        if terminal, specification.process.rows == 0, !options.isDetached,
            let size = Terminal.size(of: .standardInput)
        {
            (specification.process.rows, specification.process.columns) = (UInt32(size.rows), UInt32(size.columns))
        }
        let descriptors = try options.descriptors(terminal: terminal)
        var record = ContainerRecord(id: id, bundle: bundle, kernel: kernel)
        record.arguments = specification.process.arguments
        // Before `boot`, after which the kernel goes on without this call: `delete` finds it by this, should this call be
        // killed. Until then the kernel ends with its socket.
        try record.write(in: folder)
        let (first, master, _) = try kernel.boot(specification, descriptors: descriptors)
        record.pid = first
        record.pidStartTime = Processes.startTime(of: first) ?? 0
        try record.write(in: folder)
        let container = Container(folder: folder, record: record)
        try container.runCreationHooks()
        try options.writePidFile(first)
        guard let master, let console = options.consoleSocket else { return (container, master) }
        defer { try? master.close() }
        try Console.send(master, to: console)
        return (container, nil)
    }
}

extension Container {
    fileprivate func runCreationHooks() throws {
        guard let hooks = record.hooks else { return }
        let kinds = [
            ("prestart", hooks.prestart), ("createRuntime", hooks.createRuntime),
            ("createContainer", hooks.createContainer),
        ]
        for (kind, hooks) in kinds {
            for (index, hook) in (hooks ?? []).enumerated() {
                try hook.run(kind: kind, index: index, state: hookState(.creating))
            }
        }
    }
}
