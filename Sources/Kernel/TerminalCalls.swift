import Glibc
import SystemPackage

/// The ioctl requests of ioctl_tty(2) that speak of process groups and sessions.
enum TerminalCalls {
    static let ioctl = SystemCallHandler { call throws(Errno) in
        let kernel = call.kernel
        guard let first = kernel.processes.first else { return .native }
        switch call.uint(1) {
        case TIOCSPGRP:
            // The first process's host number works too, so the caller's own word can be made to say that.
            let group: pid_t = try call.read(at: call[2])
            if group == 1 { try call.write(first.pid, at: call[2]) }
            return .native
        default:
            guard let statistics = HostProcess.statistics(of: call.process.pid) else { throw .noSuchProcess }
            let value = call.uint(1) == TIOCGSID ? statistics.session : statistics.foreground
            guard value == first.pid, statistics.terminal != 0, isControllingTerminal(call, statistics.terminal) else {
                return .native
            }
            try call.write(pid_t(1), at: call[2])
            return .value(0)
        }
    }

    private static func isControllingTerminal(_ call: CallContext, _ terminal: Int) -> Bool {
        var status = stat()
        guard fstatat(AT_FDCWD, "/proc/\(call.tid)/fd/\(call.int(0))", &status, 0) == 0,
            status.st_mode & S_IFMT == S_IFCHR
        else {
            return false
        }
        // The kernel's own encoding of a device number in /proc/PID/stat is new_encode_dev's.
        let (major, minor) = (
            Int(status.st_rdev >> 8) & 0xFFF, Int(status.st_rdev & 0xFF | (status.st_rdev >> 12) & 0xFFF00)
        )
        return terminal == (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12
    }

    private static let TIOCSPGRP: UInt32 = 0x5410
    private static let TIOCGSID: UInt32 = 0x5429
}
