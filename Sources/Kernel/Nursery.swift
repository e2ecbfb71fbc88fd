import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// The process that all processes of the container are born from; see `nursery.c`.
final class Nursery {
    let pid: pid_t
    let listener: CInt
    let report: ukk_nursery_report
    /// SOCK_SEQPACKET to it.
    let socket: CInt
    /// Whether all processes of the container stay its descendants; see `Ancestry`.
    let keepsDescendants: Bool

    /// A nursery that may not have told yet whether the host let it prepare.
    struct Beginning {
        fileprivate let pid: pid_t
        fileprivate let socket: CInt
        let loader: CInt
        let keepsDescendants: Bool

        /// Ends it, of which nothing has been asked, and waits for that.
        func end() {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }

    /// Forks the nursery out of this process, which must not have threads yet.
    /// - Throws: `HostError`.
    static func begin(rows: [SystemCall], loader: CInt, keepsDescendants: Bool) throws(HostError) -> Beginning {
        var secret: (UInt64, UInt64) = (0, 0)
        guard getrandom(&secret, 16, 0) == 16 else { throw HostError.last("read", "random numbers") }
        let filter = FilterProgram(rows: rows, secret: secret).instructions
        var pair: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw HostError.last("create", "socket pair")
        }
        let born = filter.withUnsafeBufferPointer { filter in
            var options = ukk_nursery_options(
                filter: filter.baseAddress, filter_length: CInt(filter.count), loader: loader, socket: pair[1],
                keep: keepsDescendants ? 1 : 0, secret: secret)
            return ukk_nursery_start(&options)
        }
        close(pair[1])
        guard born > 0 else { throw HostError(Errno(rawValue: -born), "fork", "nursery") }
        return Beginning(pid: born, socket: pair[0], loader: loader, keepsDescendants: keepsDescendants)
    }

    /// Waits until the nursery has prepared.
    /// - Throws: `HostError` that names the step which the host refused.
    init(_ beginning: Beginning) throws(HostError) {
        var report = ukk_nursery_report()
        var fd: CInt = -1
        let n = ukk_receive_packet(beginning.socket, &report, MemoryLayout<ukk_nursery_report>.size, &fd)
        guard n == MemoryLayout<ukk_nursery_report>.size, report.stage == 0, fd >= 0 else {
            let step = [
                "start", "set no_new_privs in", "enter the Landlock domain in", "install the system call filter in",
            ]
            throw HostError(
                Errno(rawValue: report.error == 0 ? ECHILD : report.error), step[Int(min(report.stage, 3))], "nursery")
        }
        ukh_nonblocking(beginning.socket)
        (pid, listener, self.report, socket) = (beginning.pid, fd, report, beginning.socket)
        keepsDescendants = beginning.keepsDescendants
    }

    /// Asks for a process. Its pid comes back with `receive`, its execve(2) as a notification that bears `token`.
    /// - Parameter adopt: it is orphaned to the nearest subreaper above this process; not where descendants are kept.
    func bear(
        _ process: ProcessSpecification, token: UInt64, adopt: Bool, first: Bool, descriptors: [FileDescriptor],
        profile: ProfileProgram?, personality: UInt32?
    ) throws(HostError) {
        var strings: [UInt8] = []
        for string in process.arguments + process.environment {
            strings += string.utf8
            strings.append(0)
        }
        if let profile {
            strings += [UInt8](repeating: 0, count: -strings.count & 7)
            profile.instructions.withUnsafeBytes { strings += $0 }
        }
        let memory = ukk_memfd("arguments")
        guard memory >= 0 else { throw HostError(Errno(rawValue: -memory), "create", "memory file") }
        defer { close(memory) }
        var written = 0
        while written < strings.count {
            let n = strings.withUnsafeBytes { Glibc.write(memory, $0.baseAddress! + written, $0.count - written) }
            guard n > 0 else { throw HostError.last("write", "memory file") }
            written += n
        }
        var command = ukk_nursery_command(
            kind: UKK_BEAR.rawValue, adopt: adopt ? 1 : 0, first: first ? 1 : 0, terminal: process.terminal ? 1 : 0,
            token: token, argc: UInt32(process.arguments.count), envc: UInt32(process.environment.count),
            size: UInt64(strings.count), profile: UInt32(profile?.instructions.count ?? 0),
            profile_flags: profile?.flags ?? 0, personality: personality ?? .max, padding: 0)
        do {
            try withUnsafeBytes(of: &command) {
                try UnixSocket.send(
                    $0, descriptors: [FileDescriptor(rawValue: memory)] + descriptors,
                    to: FileDescriptor(rawValue: socket))
            }
        } catch {
            throw error as? HostError ?? HostError(.ioError, "send to", "nursery")
        }
    }

    /// The next thing that the nursery says, or nil when there is nothing for now.
    func receive() -> ukk_nursery_event? {
        var event = ukk_nursery_event()
        var fd: CInt = -1
        let n = ukk_receive_packet(socket, &event, MemoryLayout<ukk_nursery_event>.size, &fd)
        if n == -Int(EAGAIN) { return nil }
        if n != MemoryLayout<ukk_nursery_event>.size { event.kind = UKK_ENDED.rawValue }
        return event
    }

    /// Ends all processes of the container, the nursery too.
    func killEverything(_ known: some Sequence<pid_t>) {
        var command = ukk_nursery_command()
        command.kind = UKK_KILL_ALL.rawValue
        try? withUnsafeBytes(of: &command) {
            try UnixSocket.send($0, to: FileDescriptor(rawValue: socket))
        }
        // Where no domain confines the nursery's signal, it sends none; and it may be held up by whoever it is to kill.
        for pid in known { kill(pid, SIGKILL) }
    }
}

private func ukh_nonblocking(_ fd: CInt) { _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) }
