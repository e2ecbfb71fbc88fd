import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// Holds a container to its memory and processor time without cgroups: looks at what it uses, the sooner again the nearer it is
/// to a limit. Without limits it does nothing.
final class Limiter {
    /// When to look again; nil when there is no limit.
    private(set) var next: Deadline?
    /// Processes killed for want of memory.
    private(set) var oomKills = 0

    /// Processor time that may still be used before the container has to stand still, in nanoseconds; may be negative.
    private var credit: Int64 = 0
    private var last: (time: UInt64, used: UInt64)?
    /// Whether the container stands still for its quota's sake.
    private(set) var isHolding = false
    /// How many bytes the quick sum counts more than once.
    private var overcount: UInt64 = 0
    /// Who was killed last: until it is gone, nobody else is.
    private var victim: pid_t = 0

    /// At the most that long between two looks, in milliseconds.
    private static let longest = 100
    /// How fast memory can be taken, in bytes a millisecond on each of two processors.
    private static let speed: UInt64 = 2 << 20

    /// Limits have changed, or the container begins to run.
    func begin(_ kernel: Kernel) {
        let isLimited = kernel.limits.memory > 0 || kernel.limits.cpuQuota > 0
        next = isLimited ? .after(milliseconds: 0) : nil
        if kernel.limits.cpuQuota <= 0 {
            if isHolding, kernel.status != .paused { kernel.resumeAll() }
            isHolding = false
        }
        last = nil
        credit = quota(kernel)
        kernel.events.wake()
    }

    /// To be called by the loop when `next` has come.
    func look(_ kernel: Kernel) {
        guard let due = next, due.millisecondsLeft == 0 else { return }
        guard kernel.status != .stopped else {
            next = nil
            return
        }
        let used = kernel.processorTime()
        let isIdle = last.map { $0.used == used } ?? false
        var wait = Limiter.longest
        // Nobody who does not run takes memory.
        if kernel.limits.memory > 0, !isIdle || victim != 0 { wait = min(wait, lookAtMemory(kernel)) }
        if kernel.limits.cpuQuota > 0, kernel.status != .paused {
            wait = min(wait, lookAtTime(kernel, used, isIdle: isIdle))
        } else {
            last = (MonotonicTime.now(), used)
        }
        next = .after(milliseconds: wait)
    }

    // MARK: Processor time

    private func period(_ kernel: Kernel) -> Int64 {
        max(1000, kernel.limits.cpuPeriod > 0 ? kernel.limits.cpuPeriod : 100_000) * 1000
    }
    private func quota(_ kernel: Kernel) -> Int64 { kernel.limits.cpuQuota * 1000 }

    /// Lets the container run while it has credit, which grows with the quota's rate and never beyond one period's.
    private func lookAtTime(_ kernel: Kernel, _ used: UInt64, isIdle: Bool) -> Int {
        let now = MonotonicTime.now()
        let (period, quota) = (period(kernel), quota(kernel))
        if let last {
            let earned = Double(now - last.time) * Double(quota) / Double(period)
            credit = min(quota, credit + Int64(earned) - Int64(clamping: used &- last.used))
        }
        last = (now, used)
        if isHolding {
            if credit >= quota / 2 {
                isHolding = false
                kernel.resumeAll()
            } else {
                return milliseconds((quota / 2 - credit) * period / quota)
            }
        } else if credit <= 0 {
            isHolding = true
            kernel.stopAll()
            return milliseconds((quota / 2 - credit) * period / quota)
        }
        if isIdle { return Limiter.longest }
        return milliseconds(credit / Int64(max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))))
    }

    private func milliseconds(_ nanoseconds: Int64) -> Int {
        max(1, min(Limiter.longest, Int(nanoseconds / 1_000_000)))
    }

    // MARK: Memory

    private func lookAtMemory(_ kernel: Kernel) -> Int {
        if victim != 0, kernel.processes.processes[victim] != nil { return 5 }
        victim = 0
        let limit = UInt64(kernel.limits.memory)
        let pids = kernel.allPids()
        // What is shared with files can be had back at any time, and does not count.
        let files = kernel.files.system.temporaryMemory()
        let sum = pids.reduce(files) { $0 + (HostProcess.privateMemory(of: $1) ?? 0) }
        var usage = sum > overcount ? sum - overcount : 0
        if usage > limit {
            let shares = exactShares(pids, kernel)
            // Files in memory that are mapped as well count once.
            usage = shares.values.reduce(0) { $0 + $1.private } + max(files, shares.values.reduce(0) { $0 + $1.shared })
            overcount = sum > usage ? sum - usage : 0
            if usage > limit {
                killLargest(shares.mapValues { $0.private + $0.shared }, limit, kernel)
                return 5
            }
        }
        return max(2, min(Limiter.longest, Int((limit - usage) / (2 * Limiter.speed))))
    }

    /// Bytes that each process has of what is not in files, pages that several have divided among them.
    private func exactShares(_ pids: [pid_t], _ kernel: Kernel) -> [pid_t: HostProcess.Share] {
        var shares: [pid_t: HostProcess.Share] = [:]
        for pid in pids {
            // A child of vfork(2) runs in the memory of its parent, which waits for it.
            if let parent = kernel.processes.processes[pid]?.parent, HostProcess.state(of: parent) == UInt8(ascii: "D"),
                HostProcess.memorySizes(of: parent) == HostProcess.memorySizes(of: pid)
            {
                continue
            }
            shares[pid] =
                HostProcess.share(of: pid) ?? HostProcess.Share(private: HostProcess.privateMemory(of: pid) ?? 0)
        }
        return shares
    }

    /// As the host chooses (proc_pid_oom_score_adj(5)): the largest, oom_score_adj counted as thousandths of the limit.
    private func killLargest(_ shares: [pid_t: UInt64], _ limit: UInt64, _ kernel: Kernel) {
        func points(_ pid: pid_t) -> Double? {
            let adjustment = HostProcess.oomScoreAdjustment(of: pid)
            return adjustment <= -1000 ? nil : Double(shares[pid] ?? 0) + Double(adjustment) * Double(limit) / 1000
        }
        let scored = shares.keys.compactMap { pid in points(pid).map { (pid, $0) } }
        guard let (pid, _) = scored.max(by: { $0.1 < $1.1 }) else { return }
        oomKills += 1
        victim = pid
        kernel.complain("out of memory: killed process \(pid), limit \(limit) bytes")
        // The shim looks for this file, which grows by a byte for each.
        let mark = open(kernel.oomPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if mark >= 0 {
            write(mark, "x", 1)
            close(mark)
        }
        Glibc.kill(pid, SIGKILL)
    }
}

extension Kernel {
    /// Where it stands how often somebody was killed for want of memory: beside the control socket.
    fileprivate var oomPath: String { controlPath.removingLastComponent().appending("oom").string }
}
