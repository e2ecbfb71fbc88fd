import CHost
import Glibc
import Host
import KernelProtocol
import OCISpec
import SystemPackage

extension ContainerStore {
    /// Creates container `id` and starts it: `runu run`.
    ///
    /// - Parameter keep: leaves the container in place after it has ended.
    /// - Returns: the exit code of its first process; 0 at once when detached.
    public func run(_ id: String, bundle: FilePath, options: ProcessOptions, keep: Bool = false) throws -> Int32 {
        if options.isDetached {
            var (container, _) = try create(id, bundle: bundle, options: options)
            try startOrDelete(&container)
            return 0
        }
        var foreground = try Foreground()
        try Processes.becomeSubreaper()
        var (container, master) = try create(id, bundle: bundle, options: options)
        try startOrDelete(&container)
        let code: Int32
        do {
            let started = container
            code = ukh_exit_code(
                try foreground.run(.child(container.record.pid), master: master) { signal in
                    try? started.kill(signal, all: false)
                })
        } catch {
            try? delete(id, force: true)
            throw error
        }
        if !keep { try delete(id, force: true) }
        return code
    }

    private func startOrDelete(_ container: inout Container) throws {
        do {
            try container.start()
        } catch {
            try? delete(container.id, force: true)
            throw error
        }
    }
}

extension Container {
    /// Starts a further process in the container: `runu exec`.
    ///
    /// - Returns: its exit code; 0 at once when detached.
    public func exec(_ process: RuntimeSpec.Process, options: ProcessOptions) throws -> Int32 {
        switch status() {
        case .stopped: throw RuntimeError("cannot exec in a stopped container")
        case .paused:
            throw RuntimeError("cannot exec in a paused container (use --ignore-paused to override)")
        case .creating, .created, .running: break
        }
        var specification = try ProcessSpecification(process)
        specification.environment += options.activation
        let terminal = specification.terminal
        try Console.check(terminal: terminal, socket: options.consoleSocket, detached: options.isDetached)
        if terminal, specification.rows == 0, let size = Terminal.size(of: .standardInput) {
            (specification.rows, specification.columns) = (UInt32(size.rows), UInt32(size.columns))
        }
        let descriptors = try options.descriptors(terminal: terminal)
        let waiter: Waiter =
            !options.isDetached ? .caller : StandIn.isNeeded(kernel: record.kernelPid) ? .standIn : .subreaper
        Log.shared.debug("executing \(specification.arguments) in container \(id)")
        var foreground = options.isDetached ? nil : try Foreground()
        let connection = try connect(timeout: nil)
        let (pid, master, needsStandIn): Started
        do {
            (pid, master, needsStandIn) = try connection.start(
                .exec(specification, waiter: waiter), terminal: terminal, descriptors: descriptors)
        } catch let failure as KernelFailure {
            throw RuntimeError(
                "unable to start container process: \(failure.startError(of: specification.arguments))")
        }
        if let master, let console = options.consoleSocket {
            defer { try? master.close() }
            try Console.send(master, to: console)
        }
        func forward(_ signal: Int32) {
            try? connect().perform(.killProcess(pid: pid, signal: UInt32(signal)))
        }
        let isStoodFor = waiter == .standIn || needsStandIn
        try options.writePidFile(
            isStoodFor ? try StandIn.start(for: pid, socket: connection.socket, forward: forward) : pid)
        guard foreground != nil else { return 0 }
        return ukh_exit_code(
            try foreground!.run(.kernel(connection.socket, pid: pid), master: master, forward: forward))
    }

    /// The process that the bundle's config.json describes: what `exec` without a process file starts from.
    public func configuredProcess() throws -> RuntimeSpec.Process {
        guard let process = try Bundle(FilePath(record.bundle)).spec.process else {
            throw RuntimeError("process property must not be empty")
        }
        return process
    }
}
