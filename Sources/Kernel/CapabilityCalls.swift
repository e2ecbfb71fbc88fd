import Glibc
import SystemPackage

/// Capabilities, and the options of prctl(2) that are about rights.
extension IdentityCalls {
    private static let version1: UInt32 = 0x1998_0330
    private static let version2: UInt32 = 0x2007_1026
    private static let version3: UInt32 = 0x2008_0522

    /// Checks the header of capget(2) and capset(2), and says how many words each set has.
    private static func words(_ call: CallContext) throws(Errno) -> (count: Int, pid: pid_t) {
        let header: (version: UInt32, pid: Int32) = (
            try call.read(at: call[0]), try call.read(at: call[0] + 4)
        )
        switch header.version {
        case version1: return (1, header.pid)
        case version2, version3: return (2, header.pid)
        default:
            try call.write(version3, at: call[0])
            throw .invalidArgument
        }
    }

    static let capget = SystemCallHandler { call throws(Errno) in
        let count: Int
        let pid: pid_t
        do throws(Errno) {
            (count, pid) = try words(call)
        } catch {
            // A question for the version alone has no data.
            if error == .invalidArgument, call[1] == 0 { return .value(0) }
            throw error
        }
        guard pid >= 0 else { throw .invalidArgument }
        let identity = try call.kernel.target(pid, of: call).inherited.identity
        guard call[1] != 0 else { return .value(0) }
        var data: [UInt32] = []
        for word in 0..<count {
            for set in [identity.effective, identity.permitted, identity.inheritable] {
                data.append(UInt32(truncatingIfNeeded: set >> UInt64(32 * word)))
            }
        }
        try call.write(array: data, at: call[1])
        return .value(0)
    }

    static let capset = SystemCallHandler { call throws(Errno) in
        let (count, pid) = try words(call)
        guard pid == 0 || (try? call.kernel.target(pid, of: call)) === call.process else { throw .notPermitted }
        let data = try call.readArray(UInt32.self, at: call[1], count: count * 3)
        func set(_ index: Int) -> UInt64 { UInt64(data[index]) | (count == 2 ? UInt64(data[index + 3]) << 32 : 0) }
        let (effective, permitted, inheritable) = (set(0), set(1), set(2))
        let identity = call.process.inherited.identity
        guard permitted & ~identity.permitted == 0, effective & ~permitted == 0,
            inheritable & ~(identity.inheritable | identity.permitted) == 0 || identity.has(.setCapabilities),
            inheritable & ~(identity.inheritable | identity.bounding) == 0
        else { throw .notPermitted }
        call.process.change {
            $0.identity.effective = effective
            $0.identity.permitted = permitted
            $0.identity.inheritable = inheritable
            $0.identity.ambient &= permitted & inheritable
        }
        return .value(0)
    }

    static let prctl = SystemCallHandler { call throws(Errno) in
        let state = call.process.inherited
        let value = call[1]
        switch call.int(0) {
        case 3: return .value(state.dumpable)
        case 4:
            guard value <= 1 else { throw .invalidArgument }
            // Kept here alone: a process that the host calls undumpable could not be served.
            call.process.change { $0.dumpable = Int(value) }
        case 7: return .value(state.identity.secureBits & Identity.keepsCapabilities != 0 ? 1 : 0)
        case 8:
            guard value <= 1 else { throw .invalidArgument }
            guard state.identity.secureBits & Identity.keepsCapabilities << 1 == 0 else { throw .notPermitted }
            call.process.change {
                $0.identity.secureBits &= ~Identity.keepsCapabilities
                if value == 1 { $0.identity.secureBits |= Identity.keepsCapabilities }
            }
        // SECCOMP. A filter may not outlive an exec that gains rights (seccomp(2)).
        case 22:
            if value == 2 { try mayFilter(call) }
            // What the process is to be kept from, it must not get without the call.
            call.kernel.inside.stop(call.process)
            return .native
        // Dispatch of its system calls to itself.
        case 59:
            call.kernel.inside.stop(call.process)
            return .native
        case 23:
            guard value <= 40 else { throw .invalidArgument }
            return .value(state.identity.bounding & (1 << value) != 0 ? 1 : 0)
        case 24:
            guard value <= 40 else { throw .invalidArgument }
            guard state.identity.has(.setCapabilities) else { throw .notPermitted }
            call.process.change { $0.identity.bounding &= ~(1 << value) }
        case 27: return .value(Int(state.identity.secureBits))
        case 28:
            guard state.identity.has(.setCapabilities) else { throw .notPermitted }
            guard value & ~0xFF == 0 else { throw .invalidArgument }
            call.process.change { $0.identity.secureBits = UInt32(value) }
        case 35:
            // PR_SET_MM, for the loader alone, right after an exec: what the host tells of a program proves that it is new.
            guard call.process.isFresh else { throw .invalidArgument }
            call.process.isFresh = false
            return .native
        case 38:
            guard value == 1 else { throw .invalidArgument }
            call.process.change { $0.identity.noNewPrivileges = true }
        case 39: return .value(state.identity.noNewPrivileges ? 1 : 0)
        case 47: return try ambient(call, state.identity)
        default: throw .invalidArgument
        }
        return .value(0)
    }

    /// seccomp(2), SECCOMP_SET_MODE_STRICT and SECCOMP_SET_MODE_FILTER.
    static let seccomp = SystemCallHandler { call throws(Errno) in
        if call.uint(0) == 1 { try mayFilter(call) }
        call.kernel.inside.stop(call.process)
        return .native
    }

    /// - Throws: `EACCES` unless the caller can gain no more rights, or may do as it likes.
    private static func mayFilter(_ call: CallContext) throws(Errno) {
        let identity = call.process.inherited.identity
        guard identity.noNewPrivileges || identity.has(.administration) else { throw .permissionDenied }
    }

    /// PR_CAP_AMBIENT.
    private static func ambient(_ call: CallContext, _ identity: Identity) throws(Errno) -> Reply {
        let capability = call[2]
        if call[1] == 4 {
            call.process.change { $0.identity.ambient = 0 }
            return .value(0)
        }
        guard capability <= 40 else { throw .invalidArgument }
        let bit: UInt64 = 1 << capability
        switch call[1] {
        case 1: return .value(identity.ambient & bit != 0 ? 1 : 0)
        case 2:
            guard identity.permitted & identity.inheritable & bit != 0, identity.secureBits & 64 == 0 else {
                throw .notPermitted
            }
            call.process.change { $0.identity.ambient |= bit }
        case 3: call.process.change { $0.identity.ambient &= ~bit }
        default: throw .invalidArgument
        }
        return .value(0)
    }
}
