import CHost
import Glibc

/// Who waits for which child of this process. As a subreaper the shim is the parent of all: runtimes that it started,
/// container processes, the kernel, and whatever else got orphaned below.
package final class Children {
    private var handlers: [pid_t: (CInt) -> Void] = [:]
    /// Ends of processes that nobody has asked for yet. They are kept only while a runtime is at work that may tell
    /// their pids a moment later.
    private var unclaimed: [pid_t: CInt] = [:]
    private var claims = 0

    package init() {}

    /// Takes in the end of a child.
    package func ended(_ pid: pid_t, _ status: CInt) {
        if let handler = handlers.removeValue(forKey: pid) {
            handler(status)
        } else if claims > 0 {
            unclaimed[pid] = status
        }
    }

    /// Calls `handler` with the wait(2) status when `pid` ends, or now if it has ended already.
    package func expect(_ pid: pid_t, _ handler: @escaping (CInt) -> Void) {
        if let status = unclaimed.removeValue(forKey: pid) {
            handler(status)
        } else {
            handlers[pid] = handler
        }
    }

    /// A runtime begins to make a process whose pid it will tell: ends of unknown processes are kept until `endClaim`.
    package func beginClaim() { claims += 1 }

    /// Ends what `beginClaim` began; the process is expected by now.
    package func endClaim() {
        claims -= 1
        if claims == 0 { unclaimed = [:] }
    }
}
