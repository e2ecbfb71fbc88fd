import CHost
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// A process that stands in for one of a container.
///
/// A process that the kernel bears is orphaned to the subreaper that the kernel itself has. Whoever calls `exec --detach`
/// wants to wait for it, and cannot if that subreaper is somebody else: podman has a conmon of its own for every exec. Then
/// a child of this call, orphaned to the caller, hands signals on to the real process and ends as that one does.
enum StandIn {
    /// Whether a process that the kernel orphans comes to one of this process's ancestors.
    static func isNeeded(kernel: pid_t) -> Bool {
        guard let reaper = Processes.parent(of: kernel) else { return false }
        var ancestor = getpid()
        while ancestor > 1, let parent = Processes.parent(of: ancestor) {
            if parent == reaper { return false }
            ancestor = parent
        }
        return reaper != ancestor
    }

    /// Starts the stand-in for `pid`, whose end the kernel tells on `socket`.
    ///
    /// - Parameter forward: hands a signal on to the process.
    /// - Returns: its pid.
    static func start(for pid: Int32, socket: FileDescriptor, forward: (Int32) -> Void) throws -> Int32 {
        let child = try HostError.check(ukh_fork(), "fork", "stand-in")
        guard child == 0 else { return child }
        // The caller's streams are the real process's, and end with it.
        let null = open("/dev/null", O_RDWR)
        for number in CInt(0)...2 { dup2(null, number) }
        setsid()
        do {
            var foreground = try Foreground()
            let code = try foreground.run(.kernel(socket, pid: pid), master: nil, forward: forward)
            guard code > 128 else { _exit(code) }
            endBySignal(code - 128)
            _exit(code)
        } catch {
            _exit(255)
        }
    }

    /// So that wait(2) tells of a death by signal too.
    private static func endBySignal(_ number: Int32) {
        signal(number, SIG_DFL)
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        Glibc.kill(getpid(), number)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        sigprocmask(SIG_UNBLOCK, &set, nil)
    }
}
