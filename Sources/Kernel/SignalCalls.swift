import CKernel
import Glibc
import SystemPackage

/// Signals between the container's processes. The host delivers them, with the sender's number in siginfo, wherever
/// the registers name the same process to it as to the container; Landlock keeps them inside.
enum SignalCalls {
    static let kill = SystemCallHandler { call throws(Errno) in
        let (number, signal) = (call.int(0), call.int(1))
        guard signal >= 0, signal <= 64 else { throw .invalidArgument }
        let kernel = call.kernel
        let first = kernel.processes.first
        switch number {
        case 1...:
            guard let target = kernel.processes.process(numbered: number) else { throw .noSuchProcess }
            try kernel.permit(signal, from: call.process, to: target)
            if target !== first { return .native }
            try kernel.signalFirst(signal, from: call) { Glibc.kill($0, signal) }
            return .value(0)
        case -1:
            let others = kernel.allPids().filter { $0 != first?.pid && $0 != call.process.pid }
            if others.isEmpty { throw .noSuchProcess }
            // Those that it may not signal are passed over, even if they are all (kill(2)).
            for pid in others where kernel.mayPermit(signal, from: call.process, to: pid) { Glibc.kill(pid, signal) }
            return .value(0)
        case CInt.min: throw .noSuchProcess
        default:
            let group: pid_t
            if number == 0 {
                group = HostProcess.statistics(of: call.process.pid)?.group ?? 0
            } else {
                group = -number
            }
            let members = kernel.allPids().filter { HostProcess.statistics(of: $0)?.group == group }
            if members.isEmpty {
                // One that has ended is still a member of its group.
                let hasEnded = kernel.processes.zombies().contains {
                    HostProcess.statistics(of: $0.pid)?.group == group
                }
                guard hasEnded else { throw .noSuchProcess }
                return .value(0)
            }
            let targets = members.filter { kernel.mayPermit(signal, from: call.process, to: $0) }
            guard !targets.isEmpty else { throw .notPermitted }
            // The first process has its say about signals, and to the host they all are one user's; the other groups
            // are the host's.
            let hasFirst = first.map { targets.contains($0.pid) } ?? false
            if !hasFirst, targets.count == members.count { return .native }
            for pid in targets where pid != first?.pid { Glibc.kill(pid, signal) }
            if hasFirst { try kernel.signalFirst(signal, from: call) { Glibc.kill($0, signal) } }
            return .value(0)
        }
    }

    static let tkill = SystemCallHandler { call throws(Errno) in
        try thread(call, group: nil, thread: call.int(0), signal: call.int(1))
    }

    static let tgkill = SystemCallHandler { call throws(Errno) in
        try thread(call, group: call.int(0), thread: call.int(1), signal: call.int(2))
    }

    static let sigqueueinfo = SystemCallHandler { call throws(Errno) in
        let number = call.int(0)
        guard number > 0 else { throw .invalidArgument }
        guard let target = call.kernel.processes.process(numbered: number) else { throw .noSuchProcess }
        try call.kernel.permit(call.int(1), from: call.process, to: target)
        guard number == 1 else { return .native }
        return try queued(call, number: 129, process: target.pid, thread: nil, signal: call.int(1), info: call[2])
    }

    static let tgsigqueueinfo = SystemCallHandler { call throws(Errno) in
        let (number, thread) = (call.int(0), call.int(1))
        guard number > 0, thread > 0 else { throw .invalidArgument }
        guard let target = call.kernel.processes.process(ofThreadNumbered: thread) else { throw .noSuchProcess }
        try call.kernel.permit(call.int(2), from: call.process, to: target)
        guard number == 1 || thread == 1 else { return .native }
        return try queued(
            call, number: 297, process: target.pid, thread: call.kernel.processes.host(ofNumber: thread),
            signal: call.int(2), info: call[3])
    }

    private static func thread(
        _ call: CallContext, group: pid_t?, thread: pid_t, signal: CInt
    ) throws(Errno) -> Reply {
        guard thread > 0, group.map({ $0 > 0 }) ?? true, signal >= 0, signal <= 64 else { throw .invalidArgument }
        let processes = call.kernel.processes
        guard let target = processes.process(ofThreadNumbered: thread),
            group == nil || processes.process(numbered: group!) === target
        else { throw .noSuchProcess }
        try call.kernel.permit(signal, from: call.process, to: target)
        let host = processes.host(ofNumber: thread)
        if target !== processes.first || (thread != 1 && group != 1) { return .native }
        let deliver = { (pid: pid_t) -> CInt in
            let result = ukk_tgkill(pid, host, signal)
            if result < 0 { errno = -result }
            return result < 0 ? -1 : 0
        }
        try call.kernel.signalFirst(signal, from: call, deliver)
        return .value(0)
    }

    private static func queued(
        _ call: CallContext, number: Int, process: pid_t, thread: pid_t?, signal: CInt, info: UInt64
    ) throws(Errno) -> Reply {
        var bytes = try call.read(info, count: 128)
        guard bytes.count == 128 else { throw .badAddress }
        let result = bytes.withUnsafeMutableBytes { info in
            let address = Int(bitPattern: info.baseAddress!)
            return thread.map { ukk_raw(number, Int(process), Int($0), Int(signal), address, 0, 0) }
                ?? ukk_raw(number, Int(process), Int(signal), address, 0, 0, 0)
        }
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        return .value(0)
    }
}

extension Kernel {
    /// kill(2), Permissions: the same user, or CAP_KILL; SIGCONT within a session is left to the host.
    func permit(_ signal: CInt, from sender: Process, to target: Process) throws(Errno) {
        let (from, to) = (sender.inherited.identity, target.inherited.identity)
        if from.has(.kill) || sender === target || signal == SIGCONT { return }
        let isSame =
            from.effectiveUID == to.uid || from.effectiveUID == to.savedUID || from.uid == to.uid
            || from.uid == to.savedUID
        if !isSame { throw .notPermitted }
    }

    /// The same by the host's number, as an answer.
    func mayPermit(_ signal: CInt, from sender: Process, to pid: pid_t) -> Bool {
        guard let target = processes.processes[pid] ?? processes.zombie(pid) else { return false }
        do throws(Errno) {
            try permit(signal, from: sender, to: target)
            return true
        } catch {
            return false
        }
    }

    /// A signal from inside for the first process: one that it does not handle is lost, as in a pid namespace; its own
    /// threads' too.
    func signalFirst(
        _ signal: CInt, from call: CallContext, _ deliver: (pid_t) -> CInt
    ) throws(Errno) {
        guard let first = processes.first else { throw .noSuchProcess }
        if signal != 0 {
            guard let status = HostProcess.status(of: first.pid) else { throw .noSuchProcess }
            let bit: UInt64 = 1 << UInt64(signal - 1)
            // Blocked ones stay pending for sigwait(3) and signalfd(2).
            if status.caught & bit == 0, status.blocked & bit == 0 || signal == SIGKILL || signal == SIGSTOP { return }
        }
        guard deliver(first.pid) == 0 else { throw Errno(rawValue: errno) }
    }
}
