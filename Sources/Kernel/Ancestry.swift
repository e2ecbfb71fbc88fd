import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// Whether the container's processes have to be this process's descendants.
///
/// Usually each of those that are asked for from outside is orphaned at birth, so that whoever runs the container is its
/// parent. Yama (Documentation/admin-guide/LSM/Yama.rst) permits looking into a process's memory, which no other way leads to,
/// to its ancestors alone where ptrace_scope is 1. There the nursery stays the parent, and takes orphans in;
/// this process stands for the first one, and a process of runu's for each further one.
///
/// The same is done where Landlock (landlock(7), ABI 6) does not confine signals to the container: then the nursery can
/// end it when this process has died, since it finds all of it below itself.
///
/// PR_SET_PTRACER is no other way: fork(2) does not hand it on, so a child would have to be made to call it before its first
/// call is answered, which takes the very right that is missing.
enum Ancestry {
    /// Tells, and refuses hosts where nothing helps. `UKERNEL_DESCENDANTS=1` in the environment asks for it in any case.
    /// - Throws: `KernelFailure` that says what to set.
    static func isNeeded() throws(KernelFailure) -> Bool {
        let isAskedFor = getenv("UKERNEL_DESCENDANTS").map { String(cString: $0) == "1" } ?? false
        let isWanted = isAskedFor || ukk_landlock_abi() < CInt(UKK_LANDLOCK_SIGNALS)
        let path = "/proc/sys/kernel/yama/ptrace_scope"
        guard let text = readSmallFile(path), let scope = text.first, scope != "0" else { return isWanted }
        if scope != "3", mayTraceAnybody { return isWanted }
        if scope == "1" { return true }
        throw KernelFailure(
            errno: .notPermitted,
            text:
                "the host keeps processes from each other's memory, which this kernel needs: set kernel.yama.ptrace_scope "
                + "to 1 or 0 (sysctl -w), it is \(scope)" + (scope == "3" ? ", which only a reboot changes" : ""))
    }

    /// CAP_SYS_PTRACE.
    private static var mayTraceAnybody: Bool {
        guard let text = readSmallFile("/proc/self/status"),
            let line = text.split(separator: "\n").first(
                where: { $0.hasPrefix("CapEff:") })
        else { return false }
        return HostProcess.hexadecimal(line.utf8.dropFirst(7).drop { $0 == UInt8(ascii: "\t") }) & 1 << 19 != 0
    }
}

// This process in the place of the container's first one, for whoever runs the container.
extension Kernel {
    /// From now on signals for this process are meant for the container's first one. No threads may have been started yet.
    /// - Throws: `HostError`.
    func standForFirst() throws {
        let signals = try SignalDescriptor(except: [SIGCHLD, SIGPIPE, BlockingCalls.interruption])
        events.add(signals.descriptor.rawValue, .signal)
        self.signals = signals
    }

    /// Hands on what has come.
    func handOnSignals() {
        while let signal = signals?.next() {
            guard let first = processes.first, processes.processes[first.pid] != nil else { continue }
            try? signalFromOutside(signal, first.pid)
        }
    }

    /// Ends this process, as the first one has ended if it stands for that.
    func leave() -> Never {
        guard nursery.keepsDescendants else { exit(0) }
        // The nursery may have told with its last words.
        while let event = nursery.receive(), event.kind == UKK_REAPED.rawValue || event.kind == UKK_BORN.rawValue {
            if event.kind == UKK_REAPED.rawValue { reaped(event.pid, status: event.status) }
        }
        Processes.end(as: firstStatus ?? SIGKILL)
    }
}
