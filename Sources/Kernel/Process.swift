import Glibc
import UnionFileSystem

/// A process of the container. Belongs to the kernel's loop thread.
package final class Process {
    /// The host's number for it. Inside it has the same, but for the container's first process, which is 1 there.
    package let pid: pid_t
    /// The process that it was born from, by the host's number; 0 when that is outside the container.
    package internal(set) var parent: pid_t
    /// What its children start with.
    package private(set) var inherited: InheritedState
    /// Threads beside the first one that have been seen.
    var threads: [pid_t] = []
    /// Descriptor that tells the loop of its end.
    var pidfd: CInt = -1
    /// Children that were let be born and have not been seen yet, and the youngest pid of the host before their birth.
    var unseenChildren = 0
    var youngestBefore: pid_t = 0
    /// Threads that were let be born and have not been seen yet.
    var unseenThreads = 0
    /// Whether somebody in the container may be tracing it (ptrace(2)): set when one asks to, and handed on to children, as
    /// PTRACE_O_TRACEFORK does. Then its calls must reach the host as they are, for the tracer to see.
    package internal(set) var isTraced = false
    /// Whether it has asked to trace the container's first process.
    var tracesFirst = false
    /// Whether the loader has its program, and has not told the host of it yet.
    var isFresh = false
    /// A traced process's way through the loader, after its exec.
    var loading: TracedLoading?
    /// Nanoseconds of processor time when that was looked at last, and of children that have ended.
    var lastTime: UInt64 = 0
    var waitedTime: UInt64 = 0
    /// Bytes from and to disks when they were looked at last, if no process of the container will tell of them.
    var lastBlocks = BlockBytes()
    /// An exec that is under way.
    var pendingExec: PendingExec?

    /// Where it calls from, and what is done about that.
    var sites = CallSites()

    private unowned(unsafe) let table: ProcessTable

    init(pid: pid_t, parent: pid_t, inherited: InheritedState, table: ProcessTable) {
        self.pid = pid
        self.parent = parent
        self.inherited = inherited
        self.table = table
    }

    /// Changes what children inherit. Children that are born already, but have not called yet, get their copy before.
    package func change<R>(_ body: (inout InheritedState) -> R) -> R {
        if unseenChildren > 0 { table.adoptUnseenChildren(of: self) }
        return body(&inherited)
    }
}

/// The part of a process that fork copies: a value, so that a child's is its own.
package struct InheritedState {
    package var identity: Identity
    /// Working folder, root, umask and what else paths are looked up with.
    package var files: FileState
    /// Absolute path, in the container, of the program that it runs; empty before the first exec.
    package var executable: [UInt8] = []
    /// The file that it is in, which nobody may write meanwhile.
    var program: Node?
    /// What stands before the process's own argv because of a `#!`: the interpreter, its argument, the script.
    package var interpreterArguments: [[UInt8]] = []
    /// Whether the program gained rights by being executed (AT_SECURE).
    package var isElevated = false
    /// PR_SET_DUMPABLE's value.
    package var dumpable = 1
    /// RLIMIT_CORE as the process sees it.
    package var coreLimit: (soft: UInt64, hard: UInt64) = (0, UInt64.max)

    package init(identity: Identity, files: FileState) {
        self.identity = identity
        self.files = files
    }

    /// After its effective or file system ids have changed, a process may hold what its new user must not see
    /// (PR_SET_DUMPABLE of prctl(2)).
    mutating func noteChange(from before: Identity) {
        if identity.effectiveUID != before.effectiveUID || identity.effectiveGID != before.effectiveGID
            || identity.fileUID != before.fileUID || identity.fileGID != before.fileGID
        {
            dumpable = 0
        }
    }
}
