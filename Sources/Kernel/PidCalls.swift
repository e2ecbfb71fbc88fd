import CKernel
import Glibc
import SystemPackage

/// Process numbers: the container's first process is 1 to all, the others have the host's number, and processes
/// outside do not exist.
enum PidCalls {
    static let getpid = SystemCallHandler { call throws(Errno) in
        .value(Int(call.kernel.processes.number(ofHost: call.process.pid)))
    }

    static let gettid = SystemCallHandler { call throws(Errno) in
        .value(Int(call.kernel.processes.number(ofHost: call.tid)))
    }

    static let getppid = SystemCallHandler { call throws(Errno) in
        .value(Int(call.kernel.processes.number(ofHost: call.process.parent)))
    }

    static let getpgrp = SystemCallHandler { call throws(Errno) in
        .value(Int(try call.kernel.group(of: call.process.pid)))
    }

    static let getpgid = SystemCallHandler { call throws(Errno) in
        let process = try call.kernel.target(call.int(0), of: call)
        return .value(Int(try call.kernel.group(of: process.pid)))
    }

    static let getsid = SystemCallHandler { call throws(Errno) in
        let process = try call.kernel.target(call.int(0), of: call)
        guard let session = HostProcess.statistics(of: process.pid)?.session else { throw .noSuchProcess }
        return .value(Int(call.kernel.visible(session)))
    }

    /// setpgid(2) has to come from the process itself or its parent: the host does it wherever the numbers are its own.
    static let setpgid = SystemCallHandler { call throws(Errno) in
        let (pid, group) = (call.int(0), call.int(1))
        guard pid >= 0, group >= 0 else { throw .invalidArgument }
        if pid > 1 {
            guard call.kernel.processes.process(numbered: pid) != nil else { throw .noSuchProcess }
        }
        if pid != 1, group != 1 { return .native }
        // 1 names the first process, which leads a session: its group cannot be changed. Joining it is a wish of its
        // own session's members.
        let first = call.kernel.processes.first
        let target = try call.kernel.target(pid, of: call)
        if target === first {
            if group == 0 || group == 1 { throw .notPermitted }
            throw .notPermitted
        }
        if HostProcess.statistics(of: target.pid)?.group == first?.pid { return .value(0) }
        throw .notPermitted
    }

    static let pidfdOpen = SystemCallHandler { call throws(Errno) in
        let number = call.int(0)
        guard number > 0 else { throw .invalidArgument }
        guard call.kernel.processes.process(ofThreadNumbered: number) != nil else { throw .noSuchProcess }
        guard number == 1, let first = call.kernel.processes.first else { return .native }
        let descriptor = ukk_pidfd_open(first.pid)
        guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
        return .descriptor(descriptor, closeOnExec: true)
    }
}

extension Kernel {
    /// A host's number as the container sees it: 0 for a process outside.
    package func visible(_ host: pid_t) -> pid_t {
        if host == processes.first?.pid { return 1 }
        return processes.process(numbered: host) == nil ? 0 : host
    }

    /// The process that a call names: 0 is the caller.
    func target(_ number: pid_t, of call: CallContext) throws(Errno) -> Process {
        if number == 0 { return call.process }
        guard let process = processes.process(numbered: number) else { throw .noSuchProcess }
        return process
    }

    func group(of pid: pid_t) throws(Errno) -> pid_t {
        guard let group = HostProcess.statistics(of: pid)?.group else { throw .noSuchProcess }
        // A group may outlive its leader, so it need not be a process's number.
        return group == processes.first?.pid ? 1 : group
    }
}
