// Unsafe pointers: epoll's and signalfd's structures.
import CHost
import CPoll
import Glibc
import Host

/// The one thread of the shim: readiness of descriptors, ends of child processes and timers, one after the other.
package final class EventLoop {
    /// What a descriptor is watched for.
    package struct Interest: OptionSet {
        package var rawValue: UInt32

        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let read = Interest(rawValue: EPOLLIN.rawValue)
        package static let write = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// A watched descriptor. Ends with `EventLoop.unwatch`, which has to come before the descriptor is closed.
    package final class Watch {
        package let descriptor: CInt
        fileprivate let token: UInt64
        package fileprivate(set) var interest: Interest
        fileprivate let handler: (Interest) -> Void

        fileprivate init(
            _ descriptor: CInt, _ token: UInt64, _ interest: Interest, _ handler: @escaping (Interest) -> Void
        ) {
            self.descriptor = descriptor
            self.token = token
            self.interest = interest
            self.handler = handler
        }
    }

    /// What identifies a timer.
    package typealias TimerToken = UInt64

    private struct Timer {
        var token: TimerToken
        var due: UInt64
        var handler: () -> Void
    }

    private static let restMilliseconds: CInt = 300

    /// Told of every child process that ends: its pid and its wait(2) status.
    package var childEnded: (pid_t, CInt) -> Void = { _, _ in }

    private let epoll: CInt
    private let signals: CInt
    private var watches: [UInt64: Watch] = [:]
    private var timers: [Timer] = []
    private var lastToken: UInt64 = 0
    private var isRunning = true

    /// Blocks the signals that the loop takes over.
    ///
    /// - Throws: `HostError`.
    package init() throws {
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw HostError.last("create", "epoll") }
        // The end of a terminal or of a parent is nothing to a shim: it lives as long as its containers.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGCHLD)
        sigprocmask(SIG_BLOCK, &set, nil)
        signals = signalfd(-1, &set, CInt(SFD_CLOEXEC | SFD_NONBLOCK))
        guard signals >= 0 else { throw HostError.last("create", "signalfd") }
        try watch(signals, .read) { [unowned self] _ in
            var info = signalfd_siginfo()
            while read(signals, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {}
            reap()
        }
    }

    /// Calls `handler` whenever `descriptor` is ready, hung up or broken; the two latter count as what was asked for.
    @discardableResult
    package func watch(
        _ descriptor: CInt, _ interest: Interest, _ handler: @escaping (Interest) -> Void
    ) throws -> Watch {
        lastToken += 1
        let watch = Watch(descriptor, lastToken, interest, handler)
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: watch.token))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            throw HostError.last("watch", "descriptor \(descriptor)")
        }
        watches[watch.token] = watch
        return watch
    }

    /// Changes what is waited for. With nothing left the descriptor is taken out, so that a hang-up does not spin.
    package func change(_ watch: Watch, to interest: Interest) {
        guard watch.interest != interest, watches[watch.token] != nil else { return }
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: watch.token))
        if interest.isEmpty {
            epoll_ctl(epoll, EPOLL_CTL_DEL, watch.descriptor, nil)
        } else {
            epoll_ctl(epoll, watch.interest.isEmpty ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, watch.descriptor, &event)
        }
        watch.interest = interest
    }

    /// Stops watching.
    package func unwatch(_ watch: Watch) {
        guard watches.removeValue(forKey: watch.token) != nil, !watch.interest.isEmpty else { return }
        epoll_ctl(epoll, EPOLL_CTL_DEL, watch.descriptor, nil)
    }

    /// Calls `handler` once, in `milliseconds`.
    @discardableResult
    package func after(_ milliseconds: UInt64, _ handler: @escaping () -> Void) -> TimerToken {
        lastToken += 1
        timers.append(Timer(token: lastToken, due: MonotonicTime.now() + milliseconds * 1_000_000, handler: handler))
        return lastToken
    }

    /// Calls off a timer; one that has fired is nothing to call off.
    package func cancel(_ token: TimerToken?) {
        guard let token else { return }
        timers.removeAll { $0.token == token }
    }

    /// Runs until `stop`. `rest` is called once nothing has happened for a while after something did.
    package func run(rest: () -> Void) {
        var events = [epoll_event](repeating: epoll_event(), count: 16)
        var isRested = false
        while isRunning {
            let timeout = timeout()
            let waitsLong = timeout < 0 || timeout > EventLoop.restMilliseconds
            let count = epoll_wait(
                epoll, &events, CInt(events.count), !isRested && waitsLong ? EventLoop.restMilliseconds : timeout)
            if count == 0, !isRested, waitsLong {
                rest()
                isRested = true
                continue
            }
            isRested = false
            for event in events.prefix(Int(max(count, 0))) {
                // An earlier handler of this round may have ended the watch.
                guard let watch = watches[event.data.u64] else { continue }
                let broken = event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
                watch.handler(broken ? watch.interest : Interest(rawValue: event.events))
            }
            fireTimers()
        }
    }

    /// Ends `run` after the handler that is running.
    package func stop() { isRunning = false }

    private func timeout() -> CInt {
        guard let due = timers.lazy.map(\.due).min() else { return -1 }
        let now = MonotonicTime.now()
        return due <= now ? 0 : CInt(clamping: (due - now + 999_999) / 1_000_000)
    }

    private func fireTimers() {
        guard !timers.isEmpty else { return }
        let now = MonotonicTime.now()
        while let index = timers.firstIndex(where: { $0.due <= now }) {
            timers.remove(at: index).handler()
        }
    }

    private func reap() {
        while true {
            var status: CInt = 0
            let pid = waitpid(-1, &status, WNOHANG)
            if pid < 0, errno == EINTR { continue }
            guard pid > 0 else { return }
            // Stopped, not ended: a child may have made its parent its tracer.
            if status & 0xFF == 0x7F { continue }
            childEnded(pid, status)
        }
    }
}
