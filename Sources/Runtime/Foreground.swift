import CHost
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// runu while it waits for a process of a container: hands signals on, copies the terminal in raw mode, and learns how
/// it ended.
struct Foreground {
    /// Who tells that the process has ended.
    enum Source {
        /// wait(2): the process has become this one's child.
        case child(pid_t)
        /// The kernel, on this connection.
        case kernel(FileDescriptor, pid: Int32)
    }

    private let signals: SignalDescriptor
    /// That of its signals, for who closes others.
    var descriptor: CInt { signals.descriptor.rawValue }
    private var master: FileDescriptor?
    private var input: [UInt8] = []
    private var inputIsOpen = true

    /// To be made before the process is started, so that no signal is lost.
    init() throws {
        signals = try SignalDescriptor()
    }

    /// Waits for the process and returns its status, as wait(2) gives it.
    ///
    /// - Parameters:
    ///   - master: the process's terminal, which this call closes.
    ///   - forward: gets every signal that is meant for the process.
    mutating func run(_ source: Source, master: FileDescriptor?, forward: (Int32) -> Void) throws -> CInt {
        self.master = master
        let raw = master.flatMap { _ in RawMode(.standardInput) }
        defer { raw?.restore() }
        if let master {
            try HostError.check(ukh_set_nonblocking(master.rawValue, 1), "prepare", "terminal")
            fitWindow()
        }
        // A child may have ended before its SIGCHLD could be read.
        if let status = try ended(source, kernelIsReady: false) { return finish(status) }
        while true {
            var polls = [pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0)]
            if case .kernel(let socket, _) = source {
                polls.append(pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0))
            } else {
                polls.append(pollfd(fd: -1, events: 0, revents: 0))
            }
            let wanted = Int16(POLLIN) | (input.isEmpty ? 0 : Int16(POLLOUT))
            polls.append(pollfd(fd: self.master?.rawValue ?? -1, events: wanted, revents: 0))
            let reads = self.master != nil && inputIsOpen && input.isEmpty
            polls.append(pollfd(fd: reads ? 0 : -1, events: Int16(POLLIN), revents: 0))
            if poll(&polls, nfds_t(polls.count), -1) < 0 {
                guard errno == EINTR else { throw HostError.last("wait for", "process") }
                continue
            }
            if polls[2].revents != 0 { copyOutput(polls[2].revents) }
            if polls[3].revents != 0 { readInput() }
            if polls[0].revents != 0 {
                while let signal = signals.next() {
                    switch signal {
                    case SIGCHLD, SIGPIPE, SIGURG: break
                    case SIGWINCH where self.master != nil: fitWindow()
                    default: forward(signal)
                    }
                }
            }
            if let status = try ended(source, kernelIsReady: polls[1].revents != 0) { return finish(status) }
        }
    }

    private func ended(_ source: Source, kernelIsReady: Bool) throws -> CInt? {
        switch source {
        case .child(let target):
            // Orphans of the container come here too: this process is their subreaper.
            var status: CInt = 0
            while true {
                let pid = waitpid(-1, &status, WNOHANG)
                if pid == target { return status }
                if pid < 0, errno == ECHILD { throw RuntimeError("the container's process \(target) is gone") }
                if pid <= 0 { return nil }
            }
        case .kernel(let socket, let target):
            guard kernelIsReady else { return nil }
            guard let (message, _) = try Message.receive(from: socket) else {
                // The kernel went, and took the process along.
                return SIGKILL
            }
            guard case .exited(target, let status) = message else { return nil }
            return status
        }
    }

    /// Copies what the process wrote last and lets the terminal go.
    private mutating func finish(_ status: CInt) -> CInt {
        copyOutput(Int16(POLLIN))
        closeMaster()
        return status
    }

    private mutating func copyOutput(_ events: Int16) {
        guard let master else { return }
        if events & Int16(POLLOUT) != 0, !input.isEmpty {
            let count = input.withUnsafeBytes { write(master.rawValue, $0.baseAddress, $0.count) }
            if count > 0 { input.removeFirst(count) }
        }
        guard events & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(master.rawValue, $0.baseAddress, $0.count) }
            if count > 0 {
                _ = try? FileDescriptor.standardOutput.writeAll(buffer[..<count])
            } else if count < 0, errno == EINTR {
                continue
            } else {
                // EIO: nobody has the terminal open any more.
                if count == 0 || errno != EAGAIN { closeMaster() }
                return
            }
        }
    }

    private mutating func readInput() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
        if count > 0 { input = Array(buffer[..<count]) } else if count == 0 || errno != EINTR { inputIsOpen = false }
    }

    private func fitWindow() {
        guard let master, let size = Terminal.size(of: .standardInput) else { return }
        try? Terminal.resize(master, rows: size.rows, columns: size.columns)
    }

    private mutating func closeMaster() {
        try? master?.close()
        master = nil
    }
}

/// A terminal that hands on every key as it is.
private struct RawMode {
    private let descriptor: FileDescriptor
    private var before = termios()

    /// Nil when `descriptor` is no terminal.
    init?(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
        guard tcgetattr(descriptor.rawValue, &before) == 0 else { return nil }
        var raw = before
        cfmakeraw(&raw)
        guard tcsetattr(descriptor.rawValue, TCSANOW, &raw) == 0 else { return nil }
    }

    func restore() {
        var before = before
        tcsetattr(descriptor.rawValue, TCSANOW, &before)
    }
}
