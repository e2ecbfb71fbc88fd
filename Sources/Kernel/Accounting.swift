import CKernel
import Glibc
import KernelProtocol

// What a container uses: the host's figures of its processes, those that have ended among them.
extension Kernel {
    /// Nanoseconds of processor time of all processes, ended ones too.
    func processorTime() -> UInt64 {
        var total = endedTime
        for process in processes.processes.values { total += ownTime(of: process) }
        return total
    }

    private func ownTime(of process: Process) -> UInt64 {
        var time: UInt64 = 0
        // Once its parent has taken note of it, what was seen last is all there is.
        guard ukk_cpu_time(process.pid, &time) == 0 else { return process.lastTime }
        process.lastTime = time
        return time
    }

    /// A process is about to end by itself: the host forgets it as soon as its parent has taken note.
    func willEnd(_ process: Process) {
        process.lastTime = ownTime(of: process)
        if isOutside(process.parent), process !== processes.first { noteBlocks(of: process) }
    }

    /// A process has ended. One that was killed may be forgotten by the host already; then its parent's figure of children that
    /// it has waited for, in clock ticks, tells what was missed.
    func account(ended process: Process) {
        var own: UInt64 = 0
        // What the host has forgotten, its /proc has too.
        let isForgotten = ukk_cpu_time(process.pid, &own) != 0
        if isForgotten { own = process.lastTime }
        var waited = process.waitedTime
        if !isForgotten, let statistics = HostProcess.statistics(of: process.pid) {
            // Of others their parents' figures tell.
            if processes.processes[process.parent] == nil {
                endedTicks.user += statistics.userTime + statistics.childUserTime
                endedTicks.system += statistics.systemTime + statistics.childSystemTime
            }
            waited = missed(process, statistics)
        }
        endedTime += own + waited - process.waitedTime
        processes.processes[process.parent]?.waitedTime += own + waited
        account(endedBlocks: process)
    }

    /// Nanoseconds of ended children that a process has waited for: as this kernel counts, or as the host does where that is
    /// more by more than a tick for each rounding.
    private func missed(_ process: Process, _ statistics: HostProcess.Statistics) -> UInt64 {
        let host = (statistics.childUserTime + statistics.childSystemTime) * Kernel.nanosecondsPerTick
        return host > process.waitedTime + 2 * Kernel.nanosecondsPerTick ? host : process.waitedTime
    }

    static let nanosecondsPerTick = 1_000_000_000 / UInt64(sysconf(CInt(_SC_CLK_TCK)))

    func statistics() -> Statistics {
        var result = Statistics()
        var ticks = endedTicks
        var largest: UInt64 = 0
        var unaccounted: UInt64 = 0
        var blocks = endedBlocks
        for pid in allPids() {
            guard let process = processes.processes[pid], let statistics = HostProcess.statistics(of: pid) else {
                continue
            }
            ticks.user += statistics.userTime + statistics.childUserTime
            ticks.system += statistics.systemTime + statistics.childSystemTime
            unaccounted += missed(process, statistics) - process.waitedTime
            if let own = HostProcess.blocks(of: pid) {
                blocks += own
                if isOutside(statistics.parent) { process.lastBlocks = own }
            }
            if statistics.state == UInt8(ascii: "Z") { continue }
            result.processes += UInt32(clamping: max(1, statistics.threads))
            result.memory += HostProcess.proportionalMemory(of: pid) ?? statistics.residentPages * 4096
            largest = max(largest, HostProcess.peakMemory(of: pid) ?? 0)
        }
        // The host tells the sum exactly, and its parts in ticks.
        let total = processorTime() + unaccounted
        let known = ticks.user + ticks.system
        result.systemTime = known == 0 ? 0 : UInt64(Double(total) * Double(ticks.system) / Double(known))
        result.userTime = total - result.systemTime
        peakMemory = max(peakMemory, result.memory, largest)
        result.memoryPeak = peakMemory
        result.memoryLimit = UInt64(max(0, limits.memory))
        result.pidsLimit = UInt64(max(0, limits.pids))
        result.oomKills = UInt32(clamping: limiter.oomKills)
        toldBlocks.grow(to: blocks + unwaitedBlocks())
        result.blocksRead = toldBlocks.read
        result.blocksWritten = toldBlocks.written
        return result
    }
}

/// Bytes that were read from disks, and written to them.
struct BlockBytes {
    var read: UInt64 = 0
    var written: UInt64 = 0

    static func + (left: BlockBytes, right: BlockBytes) -> BlockBytes {
        BlockBytes(read: left.read + right.read, written: left.written + right.written)
    }

    static func += (left: inout BlockBytes, right: BlockBytes) { left = left + right }

    /// A counter never goes back.
    mutating func grow(to other: BlockBytes) {
        read = max(read, other.read)
        written = max(written, other.written)
    }
}

// The host adds what a process had read and written to its parent's figures when that waits for it. So those of the processes
// that live tell of all, but of those for which somebody outside of the container waits, or nobody has waited yet.
extension Kernel {
    private func isOutside(_ parent: pid_t) -> Bool { processes.processes[parent] == nil }

    /// Looks at a process whose parent is gone or outside.
    private func noteBlocks(of process: Process) {
        // Another process of the container may have become its parent.
        guard let parent = HostProcess.kin(of: process.pid)?.parent, isOutside(parent),
            let blocks = HostProcess.blocks(of: process.pid)
        else { return }
        process.lastBlocks = blocks
    }

    private func account(endedBlocks process: Process) {
        if isOutside(process.parent), process !== processes.first { noteBlocks(of: process) }
        endedBlocks += process.lastBlocks
        unwaited.append(process.pid)
        // Of processes for which nobody waits there may be many: the last ones have to do.
        if unwaited.count > 512 { unwaited.removeFirst(256) }
    }

    /// Of processes that have ended and for which their parents in the container have not waited.
    private func unwaitedBlocks() -> BlockBytes {
        var blocks = BlockBytes()
        unwaited.removeAll { pid in
            guard let statistics = HostProcess.statistics(of: pid), statistics.state == UInt8(ascii: "Z"),
                !isOutside(statistics.parent), isOutside(pid), let own = HostProcess.blocks(of: pid)
            else { return true }
            blocks += own
            return false
        }
        return blocks
    }
}
