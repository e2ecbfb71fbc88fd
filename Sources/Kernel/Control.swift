import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage

// What runu asks of the kernel over its control socket; see `KernelProtocol.Message`.
extension Kernel {
    func accept() {
        guard let socket = try? UnixSocket.accept(FileDescriptor(rawValue: controlListener)) else { return }
        guard UnixSocket.isTrusted(socket) else {
            try? socket.close()
            return
        }
        adopt(Connection(socket))
    }

    func adopt(_ connection: Connection) {
        connections[connection.descriptor.rawValue] = connection
        events.add(connection.descriptor.rawValue, .connection, UInt32(connection.descriptor.rawValue))
    }

    func connectionSpoke(_ descriptor: CInt) {
        guard let connection = connections[descriptor] else { return }
        do {
            guard let (message, descriptors) = try connection.receive() else { return }
            defer { for descriptor in descriptors { try? descriptor.close() } }
            do {
                if let answer = try handle(message, descriptors, from: descriptor) { send(answer, to: descriptor) }
            } catch let failure as KernelFailure {
                send(.failure(errno: failure.errno.rawValue, text: failure.text), to: descriptor)
            } catch let error as HostError {
                send(.failure(errno: error.errno.rawValue, text: error.description), to: descriptor)
            }
        } catch WireError.closed {
            drop(descriptor)
        } catch {
            send(.failure(errno: EBADMSG, text: "\(error)"), to: descriptor)
            drop(descriptor)
        }
    }

    func send(_ message: Message, to descriptor: CInt, descriptors: [FileDescriptor] = []) {
        guard let connection = connections[descriptor] else { return }
        do {
            try message.send(to: connection.descriptor, descriptors: descriptors)
        } catch {
            drop(descriptor)
        }
    }

    private func drop(_ descriptor: CInt) {
        guard let connection = connections.removeValue(forKey: descriptor) else { return }
        events.remove(descriptor)
        for birth in births.values where birth.connection == descriptor { birth.connection = -1 }
        for (pid, waiter) in waiters where waiter.connection == descriptor {
            waiters[pid] = nil
            // Who stood for it was killed.
            if waiter.isStandIn, processes.processes[pid] != nil { Glibc.kill(pid, SIGKILL) }
        }
        connection.close()
    }

    /// The answer, or nil when it follows later.
    private func handle(
        _ message: Message, _ descriptors: [FileDescriptor], from connection: CInt
    ) throws -> Message? {
        switch message {
        case .start:
            guard let birth = parked else {
                throw KernelFailure(errno: .invalidArgument, text: "cannot start a container that is not created")
            }
            parked = nil
            birth.connection = connection
            startProgram(of: birth)
            return nil
        case .exec(let process, let waiter):
            guard status == .running || status == .created else {
                throw KernelFailure(errno: .invalidArgument, text: "cannot exec in a container that is not running")
            }
            try begin(process, waiter: waiter, isFirst: false, connection: connection, descriptors: descriptors)
            return nil
        case .kill(let signal, let all):
            try kill(signal: CInt(bitPattern: signal), all: all)
            return .done
        case .killProcess(let pid, let signal):
            guard processes.processes[pid] != nil else {
                throw KernelFailure(errno: .noSuchProcess, text: "no process \(pid) in the container")
            }
            try signalFromOutside(CInt(bitPattern: signal), pid)
            return .done
        case .pids:
            // What has ended and waits for its parent is none any more.
            return .processes(allPids().filter { HostProcess.statistics(of: $0).map { $0.state != 0x5A } ?? false })
        case .stats:
            return .statistics(statistics())
        case .pause:
            guard status == .running else {
                throw KernelFailure(errno: .invalidArgument, text: "container is not running")
            }
            stopAll()
            status = .paused
            return .done
        case .resume:
            guard status == .paused else {
                throw KernelFailure(errno: .invalidArgument, text: "container is not paused")
            }
            if !limiter.isHolding { resumeAll() }
            status = .running
            return .done
        case .update(let limits):
            self.limits = limits
            for pid in allPids() { confine(pid) }
            limiter.begin(self)
            return .done
        case .state:
            return .status(status, pid: processes.first?.pid ?? 0)
        case .boot:
            throw KernelFailure(errno: .fileExists, text: "the container is booted already")
        case .done, .started, .exited, .processes, .statistics, .status, .failure:
            throw KernelFailure(errno: .invalidArgument, text: "an answer is not a request")
        }
    }

    // MARK: Signals from outside

    private func kill(signal: CInt, all: Bool) throws {
        guard let first = processes.first else {
            throw KernelFailure(errno: .noSuchProcess, text: "the container's first process is gone")
        }
        if all {
            for pid in allPids() { try? signalFromOutside(signal, pid) }
        } else {
            try signalFromOutside(signal, first.pid)
        }
    }

    func signalFromOutside(_ signal: CInt, _ pid: pid_t) throws {
        guard signal >= 0, signal < 65 else {
            throw KernelFailure(errno: .invalidArgument, text: "no signal \(signal)")
        }
        // A namespace's first process gets from outside what it handles, and KILL and STOP (pid_namespaces(7)).
        if pid == processes.first?.pid, status != .created, signal != SIGKILL, signal != SIGSTOP, signal != 0,
            !isHandled(signal, by: pid)
        {
            return
        }
        guard Glibc.kill(pid, signal) == 0 else {
            throw KernelFailure(errno: Errno(rawValue: errno), text: "signal process \(pid): \(Errno(rawValue: errno))")
        }
    }

    /// Whether a process has a handler for a signal.
    func isHandled(_ signal: CInt, by pid: pid_t) -> Bool {
        guard let status = HostProcess.status(of: pid), signal > 0 else { return false }
        return status.caught & (1 << UInt64(signal - 1)) != 0
    }

    // MARK: Accounting

    /// The host's numbers of all processes of the container.
    func allPids() -> [pid_t] {
        for process in processes.processes.values where process.unseenChildren > 0 {
            processes.adoptUnseenChildren(of: process)
        }
        return processes.processes.keys.sorted()
    }
}
