// Descriptors of callers by number: unsafe pointers at the C boundary.
import CKernel
import Glibc
import SystemPackage

/// fcntl(2) commands that name processes, or reach beyond the container through a file of a layer that others share.
enum OwnerCalls {
    static let fcntl = SystemCallHandler { call throws(Errno) in
        switch call.uint(1) {
        case F_SETOWN: return try setOwner(call)
        case F_SETOWN_EX: return try setOwnerExtended(call)
        // The lease of one container on a layer's file would stop every other one that opens it, so that none is
        // ever free for writing.
        case F_SETLEASE: if call.int(2) == F_WRLCK { throw .resourceTemporarilyUnavailable } else { return .native }
        default: throw .invalidArgument
        }
    }

    private static func setOwner(_ call: CallContext) throws(Errno) -> Reply {
        let number = call.int(2)
        switch number {
        case 0: return .native
        case ..<0:
            guard number != CInt.min else { throw .invalidArgument }
            let group = try hostGroup(-number, call)
            if group == -number { return .native }
            return try onDuplicate(call) { Glibc.fcntl($0, CInt(F_SETOWN), -group) }
        default:
            guard let process = call.kernel.processes.process(numbered: number) else { throw .noSuchProcess }
            if process.pid == number { return .native }
            return try onDuplicate(call) { Glibc.fcntl($0, CInt(F_SETOWN), process.pid) }
        }
    }

    private static func setOwnerExtended(_ call: CallContext) throws(Errno) -> Reply {
        var owner = try call.readArray(Int32.self, at: call[2], count: 2)
        if owner[1] != 0 {
            switch owner[0] {
            case 0:
                guard call.kernel.processes.process(ofThreadNumbered: owner[1]) != nil else { throw .noSuchProcess }
                owner[1] = call.kernel.processes.host(ofNumber: owner[1])
            case 1:
                guard let process = call.kernel.processes.process(numbered: owner[1]) else { throw .noSuchProcess }
                owner[1] = process.pid
            case 2: owner[1] = try hostGroup(owner[1], call)
            default: throw .invalidArgument
            }
        }
        return try onDuplicate(call) { descriptor in
            owner.withUnsafeBytes {
                CInt(ukk_raw(72, Int(descriptor), Int(F_SETOWN_EX), Int(bitPattern: $0.baseAddress), 0, 0, 0))
            }
        }
    }

    /// The host's number of a process group with members in the container.
    private static func hostGroup(_ number: pid_t, _ call: CallContext) throws(Errno) -> pid_t {
        let group = number == 1 ? call.kernel.processes.first?.pid ?? 0 : number
        guard call.kernel.allPids().contains(where: { HostProcess.statistics(of: $0)?.group == group }) else {
            throw .noSuchProcess
        }
        return group
    }

    /// Does a call about an open file by itself: a descriptor's duplicate is as good.
    private static func onDuplicate(_ call: CallContext, _ body: (CInt) -> CInt) throws(Errno) -> Reply {
        let descriptor = try call.kernel.sockets.duplicate(ofAny: call.int(0), call)
        defer { close(descriptor) }
        let result = body(descriptor)
        guard result >= 0 else { throw result == -1 ? Errno(rawValue: errno) : Errno(rawValue: -result) }
        return .value(0)
    }

    private static let (F_SETOWN, F_SETOWN_EX, F_SETLEASE) = (UInt32(8), UInt32(15), UInt32(1024))
    private static let F_WRLCK: CInt = 1
}
