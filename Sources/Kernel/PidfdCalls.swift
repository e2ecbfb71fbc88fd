// Siginfo as bytes: unsafe pointers at the C boundary.
import CKernel
import Glibc
import SystemPackage

/// Calls through a descriptor of a process (pidfd_open(2)). Such a descriptor can come from anywhere, and others of the
/// caller's threads can put another one in its place, so this kernel looks at a duplicate of its own.
enum PidfdCalls {
    /// pidfd_getfd(2): for who may trace the process (ptrace(2), access mode checking).
    static let getfd = SystemCallHandler { call throws(Errno) in
        guard call[2] == 0 else { throw .invalidArgument }
        let (own, target) = try target(call)
        defer { close(own) }
        try TraceCalls.permit(call.process, target)
        let descriptor = ukk_raw(438, Int(own), Int(call.int(1)), 0, 0, 0, 0)
        guard descriptor >= 0 else { throw Errno(rawValue: CInt(-descriptor)) }
        return .descriptor(CInt(descriptor), closeOnExec: true)
    }

    static let sendSignal = SystemCallHandler { call throws(Errno) in
        let signal = call.int(1)
        guard signal >= 0, signal <= 64, call[3] & ~7 == 0 else { throw .invalidArgument }
        let (own, target) = try target(call)
        defer { close(own) }
        try call.kernel.permit(signal, from: call.process, to: target)
        var information = [UInt8](repeating: 0, count: 128)
        if call[2] != 0 {
            information = try call.readArray(at: call[2], count: 128)
            let words = information.withUnsafeBytes {
                ($0.load(as: CInt.self), $0.load(fromByteOffset: 8, as: CInt.self))
            }
            guard words.0 == signal else { throw .invalidArgument }
            // Only a process itself may say that a signal came from the host's kernel.
            guard words.1 < 0 && words.1 != -6 || target === call.process else { throw .notPermitted }
        } else {
            // SI_QUEUE: this process may not claim that another one called kill(2).
            let sender = call.kernel.processes.number(ofHost: call.process.pid)
            let words = [signal, 0, -1, 0, sender, CInt(bitPattern: call.process.inherited.identity.uid)]
            words.withUnsafeBytes { information.replaceSubrange(0..<24, with: $0) }
        }
        // What a folder of /proc names goes by the kernel's own.
        let pidfd = HostProcess.information(of: own, in: "self")?["Pid"] == nil ? target.pidfd : own
        let deliver = { (_: pid_t) -> CInt in
            let result = information.withUnsafeBytes {
                ukk_raw(424, Int(pidfd), Int(signal), Int(bitPattern: $0.baseAddress), Int(call[3]), 0, 0)
            }
            if result < 0 { errno = CInt(-result) }
            return result < 0 ? -1 : 0
        }
        if target === call.kernel.processes.first {
            try call.kernel.signalFirst(signal, from: call, deliver)
        } else if deliver(target.pid) != 0 {
            throw Errno(rawValue: errno)
        }
        return .value(0)
    }

    /// The process whose folder of /proc a descriptor holds: such a one serves as well (pidfd_send_signal(2)).
    private static func behindFolder(_ call: CallContext) throws(Errno) -> Process {
        guard let node = try? call.kernel.files.base(call.int(0), process: call.process, tid: call.tid),
            let number = node.processNumber
        else { throw .badFileDescriptor }
        guard let process = number == 1 ? call.kernel.processes.first : call.kernel.processes.processes[number] else {
            throw .noSuchProcess
        }
        return process
    }

    /// This kernel's own duplicate of the descriptor in the first argument, and whose it is.
    /// - Throws: `EBADF` when it is none; `ESRCH` when the process has ended or is outside.
    private static func target(_ call: CallContext) throws(Errno) -> (descriptor: CInt, process: Process) {
        let own = try call.kernel.sockets.duplicate(ofAny: call.int(0), call)
        do throws(Errno) {
            guard let number = HostProcess.information(of: own, in: "self")?["Pid"].flatMap({ pid_t($0) }) else {
                return (own, try behindFolder(call))
            }
            // The first process goes by the host's number here.
            guard number > 0, number != call.kernel.nursery.pid,
                let process = call.kernel.processes.process(ofThreadNumbered: number)
            else { throw .noSuchProcess }
            return (own, process)
        } catch {
            close(own)
            throw error
        }
    }
}
