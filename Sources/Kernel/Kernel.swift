import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage
import UnionFileSystem

/// The kernel of one container: answers its system calls, knows its processes, and does what runu asks.
///
/// Its state belongs to whoever holds the big lock of `receivers`: the threads that take calls, and the loop. Only calls
/// that block are waited for without it, on threads of their own, and those come back through `answer`.
package final class Kernel: @unchecked Sendable {
    package let specification: ContainerSpecification
    /// The seccomp listener.
    package let listener: CInt
    package let processes: ProcessTable
    package private(set) var files: ContainerFiles!
    package var system: SystemNames
    let memory = CallerMemory()
    let nursery: Nursery
    let loader: CInt
    let events: EventQueue
    let sockets: SocketTable
    let datagrams: DatagramTable
    let sysV = SysVTable()
    /// What processes answer themselves.
    let inside = InsideAnswers()
    /// The further filter that config.json asks for.
    let profile: ProfileProgram?
    /// What processes from outside begin with; nil: as the host has it.
    let personality: UInt32?
    package let blocking: BlockingCalls
    let receivers: Receivers
    /// Calls that wait for a `DataCopy`.
    private var waitingForCopies: [ObjectIdentifier: [seccomp_notif]] = [:]
    /// Threads whose call this kernel gave up for a signal.
    var givenUp: Set<pid_t> = []
    /// Marks calls that tracers are made to do, which are not theirs.
    let token = UInt64.random(in: 1 << 32...UInt64.max)
    /// Calls that signals took away, and how long to look after such.
    var lostCalls = 0
    var lastLoss: Deadline?
    /// When to go even though somebody may be left.
    private var deadline: Deadline?
    /// Whether a caller's wait is ended by nothing but an answer or its death.
    let isKillable: Bool
    let handlers: [SystemCallHandler.Body?]

    // Control.
    var status = ContainerStatus.created
    var limits: Limits
    var connections: [CInt: Connection] = [:]
    var controlListener: CInt = -1
    let controlPath: FilePath
    /// Processes asked for from outside that have not executed yet, by token.
    var births: [UInt64: Birth] = [:]
    /// The first process's birth, while it waits for `start`.
    var parked: Birth?
    /// Who waits for the end of processes that are children of the nursery, and whether a process of its stands for them.
    var waiters: [pid_t: (connection: CInt, isStandIn: Bool)] = [:]
    /// How the first process ended, where the nursery is its parent.
    var firstStatus: CInt?
    /// Signals that this process hands on to the first one (`standForFirst`).
    var signals: SignalDescriptor?
    var peakMemory: UInt64 = 0
    /// Nanoseconds of processes that have ended, and how they divide, in clock ticks, as far as that is known.
    var endedTime: UInt64 = 0
    var endedTicks: (user: UInt64, system: UInt64) = (0, 0)
    /// Bytes from and to disks of processes that have ended and whose parents' figures do not tell of them; what was told
    /// last; and processes whose parents may not have waited for them yet.
    var endedBlocks = BlockBytes()
    var toldBlocks = BlockBytes()
    var unwaited: [pid_t] = []
    let limiter = Limiter()
    /// Processes that `stopAll` has stopped.
    var held: [pid_t] = []
    private var isEnding = false

    init(
        specification: ContainerSpecification, nursery: Nursery, loader: CInt, controlPath: FilePath
    ) throws(HostError) {
        profile = try specification.profile.map { profile throws(HostError) in
            guard let program = ProfileProgram(profile, rows: SystemCallTable.rows) else {
                throw HostError(.argListTooLong, "install", "seccomp profile")
            }
            return program
        }
        personality = specification.personality
        var specification = specification
        specification.profile = nil
        self.specification = specification
        self.nursery = nursery
        self.loader = loader
        self.controlPath = controlPath
        limits = specification.limits
        listener = nursery.listener
        isKillable = nursery.report.killable != 0
        processes = ProcessTable()
        events = try EventQueue()
        blocking = BlockingCalls(events: events)
        receivers = Receivers(listener: listener)
        sockets = SocketTable()
        datagrams = DatagramTable(events: events)
        system = SystemNames(specification)
        var table = [SystemCallHandler.Body?](repeating: nil, count: 512)
        for row in SystemCallTable.rows where row.number < table.count { table[row.number] = row.handler?.body }
        handlers = table
        processes.nursery = nursery.pid
        _ = ukk_set_synchronous(listener)
        files = try ContainerFiles(specification, kernel: self)
        files.system.copiesAside = true
        if let profile { inside.mayNotAnswer(profile.limited) }
        let queue = events
        queue.add(listener, .deserted, hangUpOnly: true)
        queue.add(nursery.socket, .nursery)
        processes.watch = { process in
            if process.pidfd >= 0 { queue.add(process.pidfd, .ended, UInt32(process.pid)) }
        }
    }

    // MARK: The loop

    /// Answers until the container is gone.
    /// - Throws: `HostError` when there can be no threads.
    func run() throws(HostError) -> Never {
        try receivers.start { [unowned self] in take($0) }
        var seen = 0
        // A while without calls, and memory is given back; then no need to look again before something happens.
        var rest: Deadline? = .after(milliseconds: 1000)
        while true {
            let waits = [
                deadline?.millisecondsLeft, blocking.isEmpty ? rest?.millisecondsLeft : 20,
                limiter.next?.millisecondsLeft,
            ]
            let count = events.wait(atMost: waits.lazy.compactMap { $0 }.min())
            receivers.withKernel {
                if count == 0, let deadline, deadline.millisecondsLeft == 0 { finish() }
                blocking.supervise()
                for index in 0..<count { handle(events[index]) }
                limiter.look(self)
                if count > 0 || !blocking.isEmpty || receivers.count != seen {
                    rest = .after(milliseconds: 1000)
                    seen = receivers.count
                } else if let due = rest, due.millisecondsLeft == 0 {
                    ukk_rest()
                    rest = nil
                }
            }
        }
    }

    private func handle(_ event: EventQueue.Event) {
        switch event.kind {
        case .deserted: finish()
        case .ended: processEnded(pid_t(event.value))
        case .nursery: nurserySpoke()
        case .control: accept()
        case .connection: connectionSpoke(CInt(event.value))
        case .unborn: birthEnded(pid_t(event.value))
        case .datagram: datagrams.spoke(event.value)
        case .wake: events.woke()
        case .signal: handOnSignals()
        }
    }

    private func take(_ notification: seccomp_notif) {
        let tid = pid_t(notification.pid)
        guard let process = processes.process(of: tid) ?? strangerCalls(notification) else { return }
        if process.pendingExec != nil { execMayHaveFailed(process, notification) }
        let call = CallContext(
            kernel: self, process: process, id: notification.id, tid: tid, number: Int(notification.data.nr),
            arguments: notification.data.args, instructionPointer: notification.data.instruction_pointer)
        guard call.number >= 0, call.number < handlers.count, let handler = handlers[call.number] else {
            _ = ukk_answer(listener, call.id, 0, ENOSYS)
            return
        }
        if process.sites.mayChange { inside.saw(call) }
        do throws(Errno) {
            answer(call.id, try handler(call), to: tid)
        } catch {
            if error == FileSystem.mustWait {
                copyAside(notification)
            } else {
                _ = ukk_answer(listener, call.id, 0, error.rawValue)
            }
        }
        files.system.unpin()
        ukk_part()
    }

    /// Has a call done again when a big file's data is where it needs it.
    private func copyAside(_ notification: seccomp_notif) {
        guard let copy = files.system.wanted else { return }
        files.system.wanted = nil
        waitingForCopies[ObjectIdentifier(copy), default: []].append(notification)
        guard !copy.isRunning else { return }
        copy.isRunning = true
        let started = Thread.start(stackSize: 256 << 10, nil) { [unowned self] in
            let result = copy.run()
            receivers.withKernel { copied(copy, result) }
        }
        // Without a thread, everybody waits.
        if started != 0 { copied(copy, copy.run()) }
    }

    private func copied(_ copy: DataCopy, _ result: CInt) {
        copy.finish(result)
        // Who was killed meanwhile does not wait any more.
        for notification in waitingForCopies.removeValue(forKey: ObjectIdentifier(copy)) ?? []
        where ukk_is_waiting(listener, notification.id) != 0 {
            take(notification)
        }
        files.system.drop(copy)
    }

    /// A caller that is not in the table: the nursery, a process of its that is about to execute, or an orphan.
    private func strangerCalls(_ notification: seccomp_notif) -> Process? {
        let tid = pid_t(notification.pid)
        if notification.data.nr == 59, let birth = births[notification.data.args.3], birth.call == nil {
            birth.call = notification.id
            birth.path = notification.data.args.0
            birth.vectors = (notification.data.args.1, notification.data.args.2)
            birthArrived(birth, pid: tid)
            return nil
        }
        if let orphan = processes.meetOrphan(tid) { return orphan }
        switch notification.data.nr {
        case 60, 231: _ = ukk_continue(listener, notification.id)
        // Nobody knows who this is. The nursery does not need this kernel: its calls carry the secret.
        default: _ = ukk_answer(listener, notification.id, 0, EPERM)
        }
        return nil
    }

    /// Answers a call. From any thread.
    package func answer(_ id: UInt64, _ result: Result<Reply, Errno>) {
        switch result {
        case .success(let reply): answer(id, reply)
        case .failure(let error): _ = ukk_answer(listener, id, 0, error.rawValue)
        }
    }

    /// Who is met (`ukk_meet`) to be given a descriptor: a caller whom no signal can take away between that and the answer. Under the
    /// big lock, so that nobody gives him other processors meanwhile.
    @inline(__always)
    func whoMeets(_ tid: pid_t) -> pid_t { isKillable ? tid : 0 }

    /// - Parameter tid: the caller, under the big lock; else 0.
    @inline(__always)
    private func answer(_ id: UInt64, _ reply: Reply, to tid: pid_t = 0) {
        switch reply {
        case .value(let value): _ = ukk_answer(listener, id, Int64(value), 0)
        case .native: _ = ukk_continue(listener, id)
        case .restart: _ = ukk_answer(listener, id, 0, 512)
        case .later: break
        case .descriptor(let descriptor, let closeOnExec, let closing, let number):
            let result = ukk_add_descriptor(listener, id, whoMeets(tid), descriptor, number, closeOnExec ? 1 : 0, 1)
            if result < 0 { _ = ukk_answer(listener, id, 0, -result) }
            if closing { close(descriptor) }
        }
    }

    // MARK: Ends

    /// A process has ended, all its threads with it.
    private func processEnded(_ pid: pid_t) {
        guard let process = processes.processes[pid] else { return }
        if process.unseenChildren > 0 { processes.adoptUnseenChildren(of: process, isDead: true) }
        account(ended: process)
        process.pendingExec?.close()
        process.pendingExec = nil
        files.processEnded(process)
        files.system.shared?.forgetProcess(process.pid)
        inside.ended(process.sites)
        processes.remove(process)
        if process === processes.first { end() }
    }

    /// The container ends: what is left of it is killed, and this kernel goes when nobody is left to call it.
    func end() {
        guard !isEnding else { return }
        isEnding = true
        status = .stopped
        unlink(controlPath.string)
        nursery.killEverything(processes.processes.keys)
        deadline = .after(milliseconds: 900)
        events.wake()
    }

    private func finish() -> Never {
        for pid in allPids() { Glibc.kill(pid, SIGKILL) }
        unlink(controlPath.string)
        // Dead already, or no good any more; reaped, it leaves nobody a zombie.
        Glibc.kill(nursery.pid, SIGKILL)
        waitpid(nursery.pid, nil, 0)
        sysV.removeAll()
        files.remove()
        leave()
    }

    private func nurserySpoke() {
        while let event = nursery.receive() {
            switch ukk_nursery_event_kind(UInt32(event.kind)) {
            case UKK_BORN: birthReported(token: event.token, pid: event.pid, error: event.status)
            case UKK_REAPED: reaped(event.pid, status: event.status)
            default:
                // Without the nursery nothing can be born, and nothing could be killed for sure.
                events.remove(nursery.socket)
                if isEnding { return }
                complain("the nursery is gone; ending the container")
                for pid in allPids() { Glibc.kill(pid, SIGKILL) }
                end()
                return
            }
        }
    }

    func complain(_ text: String) {
        let line = "ukernel \(specification.id): \(text)\n"
        _ = line.utf8CString.withUnsafeBytes { Glibc.write(2, $0.baseAddress!, $0.count - 1) }
    }
}
