import CKernel
import Glibc

/// The container's processes and threads, by the host's numbers. Belongs to the kernel's loop thread.
///
/// Linux tells nobody about a fork, so a process is entered when it first calls: its parent is asked of /proc then.
package final class ProcessTable {
    private var byThread: [pid_t: Process] = [:]
    private var last: (tid: pid_t, process: Process)?
    package private(set) var processes: [pid_t: Process] = [:]
    /// The container's first process, once it is born.
    package internal(set) var first: Process?
    /// The nursery's pid.
    var nursery: pid_t = 0
    /// Told of every new process, to watch for its end.
    var watch: (Process) -> Void = { _ in }
    private let loadFile: CInt

    /// A process that ended while children of its had not called yet.
    private struct Grave {
        var session: pid_t
        var process: Process
    }
    private var graves: [Grave] = []
    /// Those that have ended and that nobody has waited for yet: /proc shows them. (Some have been waited for since.)
    private var ended: [pid_t: Process] = [:]
    private var endedLimit = 64

    init() {
        loadFile = open("/proc/loadavg", O_RDONLY | O_CLOEXEC)
    }

    /// The process of a thread that calls; nil for the nursery and what it does between fork and exec.
    func process(of tid: pid_t) -> Process? {
        if let last, last.tid == tid { return last.process }
        let process = byThread[tid] ?? meet(tid)
        if let process { last = (tid, process) }
        return process
    }

    /// A process by the number that it has inside the container: 1, or the host's. Also one that has not called yet.
    package func process(numbered number: pid_t) -> Process? {
        guard number > 0 else { return nil }
        if number == 1 { return first }
        if let known = processes[number] { return known }
        guard let status = HostProcess.kin(of: number), status.threadGroup == number else { return nil }
        return isOurs(status) ? meet(number) : nil
    }

    /// The process of a thread by the thread's number inside the container.
    package func process(ofThreadNumbered number: pid_t) -> Process? {
        guard number > 0 else { return nil }
        if number == 1 { return first }
        if let known = byThread[number] { return known }
        guard let status = HostProcess.kin(of: number) else { return nil }
        if let known = processes[status.threadGroup] {
            enter(thread: number, of: known)
            return known
        }
        return isOurs(status) ? meet(number) : nil
    }

    /// The number inside the container of a process or thread with a host's number.
    @inline(__always)
    package func number(ofHost pid: pid_t) -> pid_t { pid == first?.pid ? 1 : pid }

    /// The host's number of a process or thread with a number inside the container.
    @inline(__always)
    package func host(ofNumber number: pid_t) -> pid_t { number == 1 ? first?.pid ?? 0 : number }

    func enter(_ process: Process) {
        processes[process.pid] = process
        byThread[process.pid] = process
        ended[process.pid] = nil
        if process.pidfd < 0 { process.pidfd = ukk_pidfd_open(process.pid) }
        watch(process)
    }

    func remove(_ process: Process) {
        last = nil
        for tid in process.threads { byThread[tid] = nil }
        byThread[process.pid] = nil
        processes[process.pid] = nil
        if process.pidfd >= 0 { close(process.pidfd) }
        process.pidfd = -1
        ended[process.pid] = process
        if ended.count >= endedLimit { endedLimit = max(64, zombies().count * 2) }
        // Orphans go to the first process, or to a subreaper between.
        for child in processes.values where child.parent == process.pid {
            let parent = HostProcess.statistics(of: child.pid)?.parent ?? 0
            child.parent = processes[parent] == nil ? 0 : parent
        }
    }

    /// Processes that have ended and wait for their parents to ask about it.
    func zombies() -> Dictionary<pid_t, Process>.Values {
        ended = ended.filter { HostProcess.statistics(of: $0.key)?.state == UInt8(ascii: "Z") }
        return ended.values
    }

    /// One of them, by its number.
    func zombie(_ pid: pid_t) -> Process? {
        guard let process = ended[pid], HostProcess.statistics(of: pid)?.state == UInt8(ascii: "Z") else { return nil }
        return process
    }

    /// A thread ends by itself.
    func remove(thread tid: pid_t, of process: Process) {
        guard tid != process.pid, let index = process.threads.firstIndex(of: tid) else { return }
        last = nil
        process.threads.swapAt(index, process.threads.count - 1)
        process.threads.removeLast()
        byThread[tid] = nil
    }

    /// Exec ended all other threads of the process.
    func removeThreads(of process: Process) {
        last = nil
        for tid in process.threads { byThread[tid] = nil }
        process.threads = []
        process.unseenThreads = 0
    }

    // MARK: Births

    /// The host's youngest pid at this moment.
    func youngest() -> pid_t {
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            let n = pread(loadFile, buffer.baseAddress!, 128, 0)
            guard n > 0 else { return 0 }
            var (value, scale, index) = (pid_t(0), pid_t(1), n - 1)
            while index >= 0, buffer[index] < 0x30 { index -= 1 }
            while index >= 0, buffer[index] >= 0x30 {
                value += pid_t(buffer[index] - 0x30) * scale
                scale &*= 10
                index -= 1
            }
            return value
        }
    }

    /// A fork is let through: its child will be met later.
    func expectChild(of process: Process) {
        if process.unseenChildren == 0 { process.youngestBefore = youngest() }
        process.unseenChildren += 1
    }

    /// Enters children of `process` that are born and have not called yet.
    ///
    /// - Parameter isDead: it has ended, so that its children are somebody else's by now.
    func adoptUnseenChildren(of process: Process, isDead: Bool = false) {
        let newest = youngest()
        var candidates: [pid_t]
        if newest >= process.youngestBefore, newest - process.youngestBefore < 2048 {
            candidates = Array(process.youngestBefore...newest)
        } else {
            candidates = HostProcess.all()
        }
        candidates.removeAll { byThread[$0] != nil }
        for pid in candidates {
            guard let status = HostProcess.kin(of: pid), status.threadGroup == pid else { continue }
            if status.parent == process.pid {
                begin(pid, parent: process)
            } else if isDead, let heir = processes[status.parent], adoptive(heir, of: pid) === process {
                begin(pid, parent: process)
                processes[pid]?.parent = heir.pid
            }
        }
        if isDead, process.unseenChildren > 0, process.pid != first?.pid {
            // One that went to a subreaper outside can only be told when it calls.
            graves.append(Grave(session: HostProcess.statistics(of: process.pid)?.session ?? 0, process: process))
            if graves.count > 64 { graves.removeFirst() }
        }
        process.unseenChildren = 0
    }

    /// Who bore a process whose parent on the host is now `heir`. A process may have died between its fork and its child's
    /// first call; the child must not get the rights of whoever took it in.
    private func adoptive(_ heir: Process, of pid: pid_t) -> Process {
        var dead: Process?
        for process in processes.values
        where process !== heir && process.unseenChildren > 0 {
            guard let statistics = HostProcess.statistics(of: process.pid),
                statistics.state != UInt8(ascii: "Z"), statistics.state != UInt8(ascii: "X")
            else {
                dead = process
                break
            }
        }
        guard let dead else { return heir }
        if heir.unseenChildren == 0 { return dead }
        // Either may be: what differs from the dead one's session is not its child.
        let own = HostProcess.statistics(of: pid)
        let its = HostProcess.statistics(of: dead.pid)
        if let own, let its, own.session != its.session || own.group != its.group { return heir }
        return dead
    }

    /// How many processes and threads there are, at most: exact when `exactly`.
    func count(exactly: Bool) -> Int {
        guard exactly else {
            return processes.values.reduce(0) { $0 + 1 + $1.threads.count + $1.unseenChildren + $1.unseenThreads }
        }
        for process in processes.values where process.unseenChildren > 0 { adoptUnseenChildren(of: process) }
        return processes.values.reduce(0) { sum, process in
            guard let status = HostProcess.status(of: process.pid) else { return sum }
            process.unseenThreads = max(0, status.threads - 1 - process.threads.count)
            return sum + status.threads
        }
    }

    private func meet(_ tid: pid_t) -> Process? {
        var pidfd: CInt = -1
        defer { if pidfd >= 0 { close(pidfd) } }
        guard tid != nursery, let status = HostProcess.kin(of: tid, pidfd: &pidfd) else { return nil }
        if status.threadGroup != tid {
            guard let process = processes[status.threadGroup] ?? meet(status.threadGroup) else { return nil }
            enter(thread: tid, of: process)
            return process
        }
        if status.parent == nursery { return nil }
        if let parent = processes[status.parent] ?? parentIfOurs(status) {
            let bearer = adoptive(parent, of: tid)
            let process = begin(tid, parent: bearer, pidfd: pidfd)
            pidfd = -1
            process.parent = parent.pid
            return process
        }
        // Its parent is gone, and whoever got it is outside. It calls through our filter, so it is ours all the same.
        return nil
    }

    /// A caller whose parent is outside the container or the nursery: an orphan of a process that `exec` started.
    func meetOrphan(_ tid: pid_t) -> Process? {
        // What the nursery bore makes no call before its execve.
        guard tid != nursery, let first, let status = HostProcess.kin(of: tid), status.threadGroup == tid else {
            return nil
        }
        let session = HostProcess.statistics(of: tid)?.session ?? 0
        let grave = graves.lastIndex { $0.session == session }.map { graves.remove(at: $0).process }
        let model = grave ?? processes[session] ?? first
        let process = Process(pid: tid, parent: 0, inherited: model.inherited, table: self)
        process.sites = model.sites.ofChild
        enter(process)
        return process
    }

    private func parentIfOurs(_ status: HostProcess.Kin) -> Process? {
        guard status.parent > 1, let parent = HostProcess.kin(of: status.parent), isOurs(parent) else { return nil }
        return meet(status.parent)
    }

    private func isOurs(_ status: HostProcess.Kin) -> Bool {
        var (current, steps) = (status, 0)
        while current.parent > 1, current.parent != nursery, steps < 64 {
            if processes[current.parent] != nil { return true }
            guard let next = HostProcess.kin(of: current.parent) else { return false }
            current = next
            steps += 1
        }
        return false
    }

    @discardableResult
    private func begin(_ pid: pid_t, parent: Process, pidfd: CInt = -1) -> Process {
        if parent.unseenChildren > 0 { parent.unseenChildren -= 1 }
        let process = Process(pid: pid, parent: parent.pid, inherited: parent.inherited, table: self)
        process.sites = parent.sites.ofChild
        process.isTraced = parent.isTraced
        process.pidfd = pidfd
        enter(process)
        return process
    }

    private func enter(thread tid: pid_t, of process: Process) {
        guard tid != process.pid, byThread[tid] == nil else { return }
        if process.unseenThreads > 0 { process.unseenThreads -= 1 }
        process.threads.append(tid)
        byThread[tid] = process
    }
}
