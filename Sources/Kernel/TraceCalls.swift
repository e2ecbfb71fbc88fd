import CKernel
import Glibc
import SystemPackage

/// ptrace(2) and its kin, between processes of the container.
///
/// The host does them: which process is meant stands in a register, who may trace whom is decided here as Linux does it,
/// and Landlock keeps tracers inside. What a tracer must not see is done before its calls go on.
enum TraceCalls {
    /// PTRACE_* of `sys/ptrace.h`.
    private enum Request {
        static let traceMe: UInt64 = 0
        static let attach: UInt64 = 16
        static let seize: UInt64 = 0x4206
        static let kill: UInt64 = 8
        static let detach: UInt64 = 17
        static let resumeToCall: [UInt64] = [24, 31]
        /// SETOPTIONS, GETEVENTMSG, GETSIGINFO, INTERRUPT, LISTEN, GETSIGMASK, SECCOMP_GET_FILTER, GET_SYSCALL_INFO: they are
        /// about the stop, not about the program.
        static let aboutStops: [UInt64] = [0x4200, 0x4201, 0x4202, 0x4207, 0x4208, 0x420a, 0x420c, 0x420e]
    }

    static let ptrace = SystemCallHandler { call throws(Errno) in
        let kernel = call.kernel
        if call[4] == kernel.token {
            // A tracer's tracer may have seen the token: it still leads to the container's own processes alone.
            guard kernel.processes.process(ofThreadNumbered: call.int(1)) != nil else { throw .noSuchProcess }
            return .native
        }
        // Without a domain the exec of a traced program could not be let through.
        guard kernel.nursery.report.landlock > 0 else { throw .notPermitted }
        if call[0] == Request.traceMe {
            // Whoever is above the container must not become a tracer.
            let parent = HostProcess.status(of: call.process.pid)?.parent ?? 0
            guard let tracer = kernel.processes.processes[parent] else { throw .notPermitted }
            try permit(tracer, call.process)
            call.process.isTraced = true
            kernel.inside.stop(call.process)
            return .native
        }
        let number = call.int(1)
        guard let target = kernel.processes.process(ofThreadNumbered: number) else { throw .noSuchProcess }
        if call[0] == Request.attach || call[0] == Request.seize {
            guard target !== call.process else { throw .notPermitted }
            try permit(call.process, target)
            target.isTraced = true
            kernel.inside.stop(target)
            if number == 1 { call.process.tracesFirst = true }
        } else if let loading = target.loading, try drive(call, target, loading) {
            return .later
        }
        return try onHost(call, argument: 1)
    }

    /// process_vm_readv(2), process_vm_writev(2).
    static let memory = SystemCallHandler { call throws(Errno) in
        guard call[5] == 0 else { throw .invalidArgument }
        guard let target = call.kernel.processes.process(ofThreadNumbered: call.int(0)) else { throw .noSuchProcess }
        try permit(call.process, target)
        return try onHost(call, argument: 0)
    }

    /// The rules of ptrace(2), "Ptrace access mode checking".
    static func permit(_ tracer: Process, _ target: Process) throws(Errno) {
        if tracer === target { return }
        // Before its first program it is still a copy of the nursery, whose memory is nobody's business.
        guard !target.inherited.executable.isEmpty else { throw .notPermitted }
        let (from, to) = (tracer.inherited.identity, target.inherited.identity)
        if from.has(.trace) { return }
        guard [to.uid, to.effectiveUID, to.savedUID].allSatisfy({ $0 == from.uid }),
            [to.gid, to.effectiveGID, to.savedGID].allSatisfy({ $0 == from.gid }), target.inherited.dumpable == 1,
            to.permitted & ~from.permitted == 0
        else { throw .notPermitted }
    }

    /// wait4(2) with __WALL, which is how tracers wait: one that traces the first process must hear of it by its number.
    static let wait = SystemCallHandler { call throws(Errno) in
        guard call.process.tracesFirst, call[4] != call.kernel.token else { return .native }
        return try substitute(call, argument: 0)
    }

    /// Lets the host do a call that names a process: as it stands or, when it says 1, with the first process's number there.
    private static func onHost(_ call: CallContext, argument: Int) throws(Errno) -> Reply {
        call.int(argument) == 1 ? try substitute(call, argument: argument) : .native
    }

    /// Has the host do a call with the first process's number there wherever the container says 1.
    private static func substitute(_ call: CallContext, argument: Int) throws(Errno) -> Reply {
        let (kernel, tid, id, number) = (call.kernel, call.tid, call.id, call.number)
        guard let first = kernel.processes.first?.pid else { throw .noSuchProcess }
        var arguments = (0..<4).map { call[$0] }
        if call.int(argument) == 1 { arguments[argument] = UInt64(first) }
        arguments.append(call.number == 61 || call.number == 101 ? kernel.token : call[4])
        let result = Thread.start(stackSize: 256 << 10, nil) { [arguments] in
            let error = ukk_substitute(
                tid, kernel.listener, id, kernel.isKillable ? 1 : 0, number, arguments, Int(first), 1)
            if error == -EPERM { kernel.answer(id, .failure(.notPermitted)) }
        }
        guard result == 0 else { throw .resourceTemporarilyUnavailable }
        return .later
    }

    /// Brings a target that is still in the loader to its program, if this request of its tracer's needs that.
    /// - Returns: Whether so; the tracer then makes its call once more.
    private static func drive(
        _ call: CallContext, _ target: Process, _ loading: TracedLoading
    ) throws(Errno) -> Bool {
        let request = call[0]
        if request == Request.kill || request == Request.detach {
            target.loading = nil
            return false
        }
        if loading == .driven || Request.aboutStops.contains(request) { return false }
        guard let place = HostProcess.programCounter(ofStopped: target.pid), place >= UKL_BASE, place < UKL_END else {
            return false
        }
        if loading == .executed, Request.resumeToCall.contains(request) {
            target.loading = .leavingExec
            return false
        }
        let (kernel, tracer, tracee) = (call.kernel, call.tid, target.pid)
        target.loading = .driven
        // It waits for the tracee, whose loader waits for this kernel.
        let result = Thread.start(stackSize: 256 << 10, nil) {
            let error = ukk_drive_tracee(
                tracer, kernel.listener, call.id, kernel.isKillable ? 1 : 0, tracee, kernel.token)
            kernel.receivers.withKernel {
                target.loading = nil
                // A tracer that is traced itself sees the loader.
                if error == -EPERM { kernel.answer(call.id, .success(.native)) }
            }
        }
        guard result == 0 else {
            target.loading = nil
            return false
        }
        return true
    }
}

extension Kernel {
    /// Who traces a process, if somebody does.
    func tracer(of process: Process) -> Process? {
        guard process.isTraced, let tracer = HostProcess.status(of: process.pid)?.tracer, tracer > 0 else { return nil }
        return processes.process(ofThreadNumbered: tracer)
    }
}
