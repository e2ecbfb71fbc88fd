import CKernel
import Glibc
import SystemPackage

/// Births and ends: what the kernel has to know of them; the host does them.
enum ProcessCalls {
    /// fork(2), vfork(2).
    static let fork = SystemCallHandler { call throws(Errno) in
        try call.kernel.makeRoom()
        if call.number == 58 { call.process.sites.lender = call.tid }
        call.kernel.processes.expectChild(of: call.process)
        return .native
    }

    /// clone(2). Namespaces are refused by the filter before.
    static let clone = SystemCallHandler { call throws(Errno) in
        if call.uint(0) & UInt32(CLONE_PARENT) != 0, call.uint(0) & UInt32(CLONE_THREAD) == 0, call.process.parent == 0
        {
            // It would be a child of somebody outside (clone(2): EINVAL for a pid namespace's first process).
            throw .invalidArgument
        }
        try call.kernel.makeRoom()
        if call.uint(0) & UInt32(CLONE_THREAD) != 0 {
            call.process.unseenThreads += 1
        } else {
            let flags = call.uint(0)
            if flags & UInt32(CLONE_VM) != 0 {
                if flags & UInt32(CLONE_VFORK) == 0 { call.kernel.inside.stop(call.process) }
                call.process.sites.lender = call.tid
            }
            call.kernel.processes.expectChild(of: call.process)
        }
        return .native
    }

    /// clone3(2): the caller does it itself, as clone(2) (ukloader/clone.c), since what its flags say in memory now need not be
    /// what the host would find there.
    ///
    /// `ENOSYS` where that cannot be had, to which C libraries answer with clone(2): for a traced caller, which this kernel
    /// cannot stop.
    static let clone3 = SystemCallHandler { call throws(Errno) in
        guard call.kernel.inside.entry != 0 else { throw .noFunction }
        let error = ukk_lead_to(
            call.tid, call.kernel.listener, call.id, call.kernel.isKillable ? 1 : 0, call.kernel.inside.entry)
        switch error {
        // A caller that is gone needs no answer.
        case 0, -ESRCH: return .later
        case -EPERM: throw .noFunction
        default: throw Errno(rawValue: -error)
        }
    }

    /// exit(2): one thread ends, or the last.
    static let exit = SystemCallHandler { call throws(Errno) in
        if call.process.unseenChildren > 0 { call.kernel.processes.adoptUnseenChildren(of: call.process) }
        call.kernel.processes.remove(thread: call.tid, of: call.process)
        return .native
    }

    /// exit_group(2): children that have not called yet are entered while their parent can still be seen.
    static let exitGroup = SystemCallHandler { call throws(Errno) in
        if call.process.unseenChildren > 0 { call.kernel.processes.adoptUnseenChildren(of: call.process) }
        call.kernel.willEnd(call.process)
        return .native
    }
}

extension Kernel {
    /// Throws `EAGAIN` when the container has as many processes and threads as it may.
    fileprivate func makeRoom() throws(Errno) {
        guard limits.pids > 0, processes.count(exactly: false) >= limits.pids else { return }
        // Some of those that were expected may never have come, or be gone: count them.
        if processes.count(exactly: true) >= limits.pids { throw .resourceTemporarilyUnavailable }
    }
}

private let CLONE_VM = 0x100
private let CLONE_VFORK = 0x4000
private let CLONE_THREAD = 0x10000
private let CLONE_PARENT = 0x8000
