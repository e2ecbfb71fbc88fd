import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// A process that was asked for from outside (boot, exec), up to its first program.
final class Birth {
    let token: UInt64
    let process: ProcessSpecification
    let waiter: Waiter
    let isFirst: Bool
    /// The control connection that wants to know.
    var connection: CInt
    /// A terminal's master, to be sent with `started`.
    var master: FileDescriptor?
    var pid: pid_t = 0
    /// Tells of its end before it calls execve; -1 otherwise.
    var pidfd: CInt = -1
    /// Its execve's notification, once it came, with the addresses of path, argv and envp.
    var call: UInt64?
    var path: UInt64 = 0
    var vectors: (UInt64, UInt64) = (0, 0)

    init(token: UInt64, process: ProcessSpecification, waiter: Waiter, isFirst: Bool, connection: CInt) {
        self.token = token
        self.process = process
        self.waiter = waiter
        self.isFirst = isFirst
        self.connection = connection
    }

    func forgetDescriptor() {
        if pidfd >= 0 { close(pidfd) }
        pidfd = -1
    }
}

extension Kernel {
    /// Asks the nursery for a process. The answer to `connection` follows.
    /// - Throws: `KernelFailure`.
    func begin(
        _ process: ProcessSpecification, waiter: Waiter, isFirst: Bool, connection: CInt,
        descriptors: [FileDescriptor]
    ) throws {
        guard !process.arguments.isEmpty else {
            throw KernelFailure(errno: .invalidArgument, text: "process has no arguments: nothing to execute")
        }
        if limits.pids > 0, processes.count(exactly: true) >= limits.pids {
            throw KernelFailure(
                errno: .resourceTemporarilyUnavailable,
                text: "container has reached its limit of \(limits.pids) processes")
        }
        guard !descriptors.contains(where: { SocketTable.isUnixDatagram($0.rawValue) }) else {
            throw KernelFailure(
                errno: .invalidArgument,
                text: "a unix datagram socket passed to the process would lead it to all sockets of the host: "
                    + "pass one of SOCK_SEQPACKET or SOCK_STREAM")
        }
        let process = files.withHome(process)
        var token: UInt64 = 0
        _ = getrandom(&token, 8, 0)
        let birth = Birth(token: token, process: process, waiter: waiter, isFirst: isFirst, connection: connection)
        var given = descriptors
        if process.terminal {
            let terminal = try Terminal.open()
            if process.rows > 0, process.columns > 0 {
                try Terminal.resize(
                    terminal.slave, rows: UInt16(clamping: process.rows), columns: UInt16(clamping: process.columns))
            }
            birth.master = terminal.master
            files.enter(terminal: terminal.master.rawValue, for: process.uid)
            if isFirst { files.setConsole(terminal.name) }
            given.insert(terminal.slave, at: 0)
        }
        defer { if process.terminal { try? given[0].close() } }
        births[token] = birth
        do {
            try nursery.bear(
                process, token: token, adopt: waiter == .subreaper && !nursery.keepsDescendants, first: isFirst,
                descriptors: given, profile: profile, personality: personality)
        } catch {
            births[token] = nil
            throw error
        }
    }

    /// The nursery says whether the process could be forked.
    func birthReported(token: UInt64, pid: pid_t, error: CInt) {
        if error == 0, let birth = births[token], birth.call == nil {
            birth.pid = pid
            birth.pidfd = ukk_pidfd_open(pid)
            if birth.pidfd >= 0 { events.add(birth.pidfd, .unborn, UInt32(pid)) }
        }
        guard error != 0, let birth = births.removeValue(forKey: token) else { return }
        let error = Errno(rawValue: error)
        fail(birth, error, "fork a process: \(error)")
        if birth.isFirst { end() }
    }

    /// A process was killed before it called execve.
    func birthEnded(_ pid: pid_t) {
        guard let birth = births.values.first(where: { $0.pid == pid && $0.call == nil }) else { return }
        births[birth.token] = nil
        birth.forgetDescriptor()
        fail(birth, .noSuchProcess, "process was killed before it could start")
        if birth.isFirst { end() }
    }

    /// The new process calls execve for the first time: it is one of the container's from here on.
    func birthArrived(_ birth: Birth, pid: pid_t) {
        birth.pid = pid
        birth.forgetDescriptor()
        let state: InheritedState
        do {
            let files = try self.files.state(for: birth.process, isFirst: birth.isFirst)
            state = InheritedState(identity: Identity(birth.process), files: files)
        } catch {
            return give(up: birth, error, "working directory \(birth.process.workingDirectory): \(error)")
        }
        if birth.process.oomScoreAdjust != 0 { writeOOMScore(birth.process.oomScoreAdjust, of: pid) }
        do throws(HostError) {
            try schedule(birth.process, pid)
        } catch {
            return give(up: birth, error.errno, error.description)
        }
        let process = Process(pid: pid, parent: 0, inherited: state, table: processes)
        if birth.isFirst { processes.first = process }
        processes.enter(process)
        confine(pid)
        for limit in birth.process.rlimits { set(limit, of: pid) }
        if birth.isFirst {
            do throws(Errno) {
                // Engines want to hear of a missing program when they create the container, not when they start it.
                try ExecCalls.check(birth, firstCall(of: birth, process))
            } catch {
                return giveUpExec(of: birth, error)
            }
            parked = birth
            let standing = nursery.keepsDescendants ? getpid() : pid
            send(.started(pid: standing), to: birth.connection, descriptors: birth.master.map { [$0] } ?? [])
            closeMaster(of: birth)
        } else {
            startProgram(of: birth)
        }
    }

    /// Lets a born process execute its program, and tells whoever waits for that.
    func startProgram(of birth: Birth) {
        births[birth.token] = nil
        guard let process = processes.processes[birth.pid], birth.call != nil else {
            return fail(birth, .noSuchProcess, "process was killed before it could start")
        }
        do throws(Errno) {
            try ExecCalls.begin(birth, firstCall(of: birth, process))
        } catch {
            return giveUpExec(of: birth, error)
        }
        if birth.isFirst {
            status = .running
            limiter.begin(self)
            send(.done, to: birth.connection)
        } else {
            let needsStandIn = birth.waiter == .subreaper && nursery.keepsDescendants
            if birth.waiter != .subreaper || needsStandIn {
                waiters[birth.pid] = (birth.connection, birth.waiter != .caller)
            }
            send(
                .started(pid: birth.pid, needsStandIn: needsStandIn), to: birth.connection,
                descriptors: birth.master.map { [$0] } ?? [])
            closeMaster(of: birth)
        }
    }

    /// The execve(2) that a born process waits in.
    private func firstCall(of birth: Birth, _ process: Process) -> CallContext {
        CallContext(
            kernel: self, process: process, id: birth.call ?? 0, tid: birth.pid, number: 59,
            arguments: (birth.path, birth.vectors.0, birth.vectors.1, 0, 0, 0), instructionPointer: 0)
    }

    private func giveUpExec(of birth: Birth, _ error: Errno) {
        let name = birth.process.arguments[0]
        give(up: birth, error, "exec: \"\(name)\": \(describe(error, name))")
    }

    /// A child of the nursery has ended.
    func reaped(_ pid: pid_t, status: CInt) {
        if firstStatus == nil, pid == processes.first?.pid { firstStatus = status }
        guard let waiter = waiters.removeValue(forKey: pid) else { return }
        send(.exited(pid: pid, status: status), to: waiter.connection)
    }

    private func give(up birth: Birth, _ error: Errno, _ text: String) {
        births[birth.token] = nil
        if let id = birth.call { answer(id, .failure(error)) }
        fail(birth, error, text)
        if birth.isFirst { end() }
    }

    private func fail(_ birth: Birth, _ error: Errno, _ text: String) {
        closeMaster(of: birth)
        send(.failure(errno: error.rawValue, text: text), to: birth.connection)
    }

    private func closeMaster(of birth: Birth) {
        try? birth.master?.close()
        birth.master = nil
    }

    /// Container engines' clients look for runc's words.
    private func describe(_ error: Errno, _ name: String) -> String {
        switch error {
        case .noSuchFileOrDirectory where !name.contains("/"): "executable file not found in $PATH"
        case .noSuchFileOrDirectory: "stat \(name): no such file or directory"
        case .permissionDenied: "permission denied"
        case .execFormatError: "exec format error"
        default: "\(error)"
        }
    }

    private func set(_ limit: ResourceLimit, of pid: pid_t) {
        if limit.resource == CoreLimit.resource {
            processes.processes[pid]?.change { $0.coreLimit = (limit.soft, limit.hard) }
            return
        }
        var wanted = [limit.soft, limit.hard]
        if ukk_prlimit(pid, limit.resource, wanted, nil) == 0 { return }
        // More than the host lets this user have: as much as it does.
        var host: [UInt64] = [0, 0]
        guard ukk_prlimit(pid, limit.resource, nil, &host) == 0 else { return }
        wanted = wanted.map { min($0, host[1]) }
        _ = ukk_prlimit(pid, limit.resource, wanted, nil)
    }

    /// - Throws: `HostError` when the host does not let this user have what config.json asks for.
    private func schedule(_ process: ProcessSpecification, _ pid: pid_t) throws(HostError) {
        if let scheduler = process.scheduler {
            let error = ukk_schedule(
                pid, scheduler.policy, scheduler.flags, scheduler.nice, scheduler.priority, scheduler.runtime,
                scheduler.deadline, scheduler.period)
            guard error == 0 else { throw HostError(Errno(rawValue: -error), "set", "scheduler") }
        }
        if let priority = process.ioPriority {
            let error = ukk_set_io_priority(pid, priority)
            guard error == 0 else { throw HostError(Errno(rawValue: -error), "set", "io priority") }
        }
    }

    private func writeOOMScore(_ score: Int32, of pid: pid_t) {
        let fd = open("/proc/\(pid)/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard fd >= 0 else { return }
        // A user may not lower it: then it stays.
        _ = "\(score)".withCString { Glibc.write(fd, $0, strlen($0)) }
        close(fd)
    }
}
