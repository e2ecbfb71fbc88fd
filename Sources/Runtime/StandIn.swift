import CHost
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// A process that stands in for one of a container.
///
/// A process that the kernel bears is orphaned to the subreaper that the kernel itself has. Whoever calls `exec --detach`
/// wants to wait for it, and cannot if that subreaper is somebody else (podman has a conmon of its own for every exec), or if
/// the kernel has to keep its processes below itself. Then a child of this call, orphaned to the caller, hands signals on
/// to the real process and ends as that one does.
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

    /// Starts the stand-in for `pid`, whose end the kernel tells on `socket`. When it is killed, the kernel sees its end of
    /// `socket` close and kills the process.
    ///
    /// - Parameter forward: hands a signal on to the process.
    /// - Returns: its pid.
    static func start(for pid: Int32, socket: FileDescriptor, forward: (Int32) -> Void) throws -> Int32 {
        // Before the fork, so that no signal that comes early ends it.
        var foreground = try Foreground()
        let child = try HostError.check(ukh_fork(), "fork", "stand-in")
        guard child == 0 else { return child }
        // The caller's streams and descriptors are the real process's, and end with it.
        let null = open("/dev/null", O_RDWR)
        for number in CInt(0)...2 { dup2(null, number) }
        let kept = [socket.rawValue, foreground.descriptor].sorted()
        for (low, high) in zip([2] + kept, kept + [CInt.max]) where low + 1 < high {
            ukh_close_range(UInt32(low + 1), UInt32(high - 1))
        }
        setsid()
        do {
            Processes.end(
                as: try foreground.run(.kernel(socket, pid: pid), master: nil, forward: forward))
        } catch {
            _exit(255)
        }
    }
}
