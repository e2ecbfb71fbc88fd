import Glibc
import Host
import KernelProtocol
import OCISpec
import SystemPackage

/// A container that exists: its folder in the store and what is remembered of it. What it does is asked of its kernel.
public struct Container: Sendable {
    package let folder: FilePath
    package var record: ContainerRecord

    /// The container's id.
    public var id: String { record.id }
    /// The user who made it.
    public var owner: UInt32 { record.owner }

    static func socket(in folder: FilePath) -> FilePath { folder.appending("kernel.sock") }
    static func log(in folder: FilePath) -> FilePath { folder.appending("kernel.log") }

    /// The state as the specification has it, with runc's additions. Never waits long for a kernel that does not answer.
    public func state() -> RuntimeState {
        let status = self.status()
        return RuntimeState(
            ociVersion: record.ociVersion, id: id, status: status, pid: status == .stopped ? 0 : Int(record.pid),
            bundle: record.bundle, annotations: record.annotations, rootfs: record.rootfs, created: record.created,
            owner: "")
    }

    func status() -> RuntimeState.Status {
        if record.pid == 0 {
            return Processes.startTime(of: record.kernelPid) == record.kernelStartTime ? .creating : .stopped
        }
        guard Processes.startTime(of: record.pid) == record.pidStartTime else { return .stopped }
        guard let connection = try? KernelConnection(Container.socket(in: folder), timeout: 2000),
            case .status(let status, _)? = try? connection.request(.state).answer
        else {
            // A kernel whose first process has ended removes its socket. One that does not answer may be on its way too.
            if access(Container.socket(in: folder).string, F_OK) != 0 { return .stopped }
            return Processes.startTime(of: record.pid) == record.pidStartTime ? .running : .stopped
        }
        switch status {
        case .created: return .created
        case .running: return .running
        case .paused: return .paused
        case .stopped: return .stopped
        }
    }

    /// Executes the process that `create` left waiting.
    ///
    /// - Throws: `RuntimeError`; when the program cannot be executed, the container is stopped then.
    public mutating func start() throws {
        let lock = try ContainerLock(folder)
        defer { lock.release() }
        try startLocked()
    }

    mutating func startLocked() throws {
        Log.shared.debug("starting process \(record.pid) of container \(id)")
        let connection = try connect()
        if record.hooks?.startContainer?.isEmpty == false { try checkStartable() }
        for (index, hook) in (record.hooks?.startContainer ?? []).enumerated() {
            try run(hook, kind: "startContainer", index: index, over: connection)
        }
        do {
            try connection.perform(.start)
        } catch let failure as KernelFailure {
            if failure.errno == .invalidArgument { try checkStartable() }
            throw RuntimeError(
                "unable to start container process: \(failure.startError(of: record.arguments ?? []))")
        } catch  where status() != .stopped {
            throw RuntimeError.wrapping(error, "the kernel of container \(id) did not start the process")
        } catch {
            // The process has ended already, and the kernel with it before its answer: who waits gets the status.
        }
        guard let hooks = record.hooks?.poststart, !hooks.isEmpty else { return }
        for (index, hook) in hooks.enumerated() {
            try hook.run(kind: "poststart", index: index, state: hookState(.running))
        }
    }

    /// Names what is wrong with starting a container that is not just created. A container that failed to start is one
    /// that has stopped: that goes unsaid here.
    private func checkStartable() throws {
        switch status() {
        case .creating: throw RuntimeError("cannot start a container whose creation was interrupted: delete it")
        case .running, .paused: throw RuntimeError("cannot start an already running container")
        case .created, .stopped: break
        }
    }

    /// Sends a signal to the first process, or to all of them.
    public func kill(_ signal: Int32, all: Bool) throws {
        if status() == .stopped {
            guard all else { throw RuntimeError.notRunning }
            return
        }
        do {
            try connect(timeout: signal == SIGKILL ? 3000 : 10_000).perform(.kill(signal: UInt32(signal), all: all))
        } catch {
            guard status() != .stopped else { throw RuntimeError.notRunning }
            // A kernel that does not answer takes its processes along.
            guard signal == SIGKILL,
                Processes.signal(SIGKILL, pid: record.kernelPid, startTime: record.kernelStartTime)
            else { throw RuntimeError.wrapping(error, "unable to signal container \(id)") }
        }
    }

    /// Stops the processes where they are.
    public func pause() throws {
        let lock = try ContainerLock(folder)
        defer { lock.release() }
        let status = self.status()
        guard status == .running || status == .created else {
            throw RuntimeError("container not running or created: \(status.rawValue)")
        }
        try connect().perform(.pause)
    }

    /// Lets paused processes go on.
    public func resume() throws {
        let lock = try ContainerLock(folder)
        defer { lock.release() }
        guard status() == .paused else { throw RuntimeError("container not paused") }
        try connect().perform(.resume)
    }

    /// Changes the limits: what `change` does not set stays as it is.
    public mutating func update(_ change: RuntimeSpec.Resources) throws {
        let lock = try ContainerLock(folder)
        defer { lock.release() }
        record = try ContainerRecord(in: folder)
        var limits = Limits()
        limits.apply(record.resources)
        limits.apply(change)
        guard status() != .stopped else { throw RuntimeError.notRunning }
        try connect().perform(.update(limits))
        var resources = record.resources ?? RuntimeSpec.Resources()
        resources.merge(change)
        record.resources = resources
        try record.write(in: folder)
    }

    /// The host pids of the container's processes.
    public func processes() throws -> [Int32] {
        guard status() != .stopped else { throw RuntimeError.notRunning }
        guard case .processes(let pids) = try connect().request(.pids).answer else { throw RuntimeError.notRunning }
        return pids
    }

    /// What the container uses.
    public func statistics() throws -> Statistics {
        guard status() != .stopped else { throw RuntimeError.notRunning }
        guard case .statistics(let statistics) = try connect().request(.stats).answer else {
            throw RuntimeError.notRunning
        }
        return statistics
    }

    /// A connection to the container's kernel, which hangs up when the container ends. The caller closes it.
    public func endDescriptor() throws -> FileDescriptor { try UnixSocket.connect(Container.socket(in: folder)) }

    /// Counts the processes that are killed for want of memory; nil when the container is gone.
    public func killCount() -> KillCount? { KillCount(folder: folder.string) }

    func connect(timeout: Int32? = 10_000) throws -> KernelConnection {
        do {
            return try KernelConnection(Container.socket(in: folder), timeout: timeout)
        } catch {
            switch status() {
            case .stopped: throw RuntimeError.notRunning
            case .creating: throw RuntimeError("creation of container \(id) was interrupted: delete it")
            default: break
            }
            throw RuntimeError.wrapping(error, "the kernel of container \(id) does not answer")
        }
    }

    /// The state that hooks get.
    func hookState(_ status: RuntimeState.Status) -> RuntimeState {
        RuntimeState(
            ociVersion: record.ociVersion, id: id, status: status, pid: status == .stopped ? 0 : Int(record.pid),
            bundle: record.bundle, annotations: record.annotations)
    }
}

extension RuntimeSpec.Resources {
    /// Takes over the members that `change` sets.
    mutating func merge(_ change: RuntimeSpec.Resources) {
        if let limit = change.pids?.limit { pids = RuntimeSpec.Pids(limit: limit) }
        if let limit = change.memory?.limit {
            var memory = self.memory ?? RuntimeSpec.Memory()
            memory.limit = limit
            self.memory = memory
        }
        guard let wanted = change.cpu else { return }
        var cpu = self.cpu ?? RuntimeSpec.CPU()
        cpu.shares = wanted.shares ?? cpu.shares
        cpu.quota = wanted.quota ?? cpu.quota
        cpu.period = wanted.period ?? cpu.period
        cpu.cpus = wanted.cpus ?? cpu.cpus
        self.cpu = cpu
    }
}
