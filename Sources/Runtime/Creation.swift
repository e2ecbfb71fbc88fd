import Glibc
import Host
import KernelProtocol
import OCISpec
import SystemPackage

extension ContainerStore {
    /// Makes container `id` from `bundle`: its kernel runs then, and its first process waits for `start`.
    ///
    /// - Returns: the container, and its terminal's master if it has one that no console socket took.
    /// - Throws: `RuntimeError`; nothing is left of the container then.
    public func create(
        _ id: String, bundle: FilePath, options: ProcessOptions
    ) throws -> (container: Container, master: FileDescriptor?) {
        let folder = try self.folder(of: id)
        let bundle = try Bundle(bundle)
        var specification = try ContainerSpecification(id: id, bundle: bundle)
        specification.process.environment += options.activation
        let terminal = specification.process.terminal
        try Console.check(terminal: terminal, socket: options.consoleSocket, detached: options.isDetached)
        if terminal, specification.process.rows == 0, !options.isDetached,
            let size = Terminal.size(of: .standardInput)
        {
            (specification.process.rows, specification.process.columns) = (UInt32(size.rows), UInt32(size.columns))
        }
        let descriptors = try options.descriptors(terminal: terminal)
        let program = try KernelProgram.find()

        try Folders.make(root)
        guard mkdir(folder.string, 0o700) == 0 else {
            guard errno == EEXIST else { throw HostError.last("create folder", folder.string) }
            throw RuntimeError("container with id exists: \(id)")
        }
        let lock = try ContainerLock(folder)
        defer { lock.release() }
        var kernel: (pid: pid_t, startTime: UInt64)?
        do {
            let (socket, theirs) = try UnixSocket.pair()
            let connection = KernelConnection(adopting: socket)
            let pid = try startKernel(program, folder: folder, socket: theirs)
            try theirs.close()
            var record = ContainerRecord(id: id, bundle: bundle, kernelPid: pid)
            kernel = (pid, record.kernelStartTime)
            record.arguments = specification.process.arguments
            // Before `boot`, after which the kernel goes on without this call: `delete` finds it by this, should this call
            // be killed. Until then the kernel ends with its socket.
            try record.write(in: folder)
            let (first, master) = try boot(specification, over: connection, descriptors: descriptors, folder: folder)
            record.pid = first
            record.pidStartTime = Processes.startTime(of: first) ?? 0
            try record.write(in: folder)
            let container = Container(folder: folder, record: record)
            try container.runCreationHooks()
            if let master, let console = options.consoleSocket {
                defer { try? master.close() }
                try Console.send(master, to: console)
            }
            try options.writePidFile(first)
            return (container, options.consoleSocket == nil ? master : nil)
        } catch {
            if let kernel { endKernel(pid: kernel.pid, startTime: kernel.startTime) }
            removeFolder(folder)
            throw error
        }
    }

    private func startKernel(_ program: FilePath, folder: FilePath, socket: FileDescriptor) throws -> pid_t {
        let null = try FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec)
        defer { try? null.close() }
        let log = try FileDescriptor.open(
            Container.log(in: folder), .writeOnly, options: [.create, .append, .closeOnExec],
            permissions: .ownerReadWrite)
        defer { try? log.close() }
        var spawn = Spawn(
            program, arguments: ["ukernel", "--control", Container.socket(in: folder).string],
            descriptors: [null, log, log, socket])
        spawn.newSession = true
        return try spawn.start()
    }

    private func boot(
        _ specification: ContainerSpecification, over connection: borrowing KernelConnection,
        descriptors: [FileDescriptor], folder: FilePath
    ) throws -> (pid: Int32, master: FileDescriptor?) {
        do {
            return try connection.start(
                .boot(specification), terminal: specification.process.terminal, descriptors: descriptors)
        } catch let failure as KernelFailure {
            throw RuntimeError(
                "unable to start container process: \(failure.startError(of: specification.process.arguments))")
        } catch {
            // The kernel's last words, if it had time for any.
            let log = (try? readFile(Container.log(in: folder))).map {
                String(decoding: $0.suffix(1024), as: UTF8.self)
            }
            let words = (log ?? "").split(separator: "\n").suffix(3).joined(separator: "; ")
            throw RuntimeError("the kernel did not boot: \(error)" + (words.isEmpty ? "" : " (\(words))"))
        }
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
