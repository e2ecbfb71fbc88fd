import SystemPackage

/// RLIMIT_CORE, which is the container's own figure: its processes never leave a core on the host, where core_pattern
/// may name any file or program.
enum CoreLimit {
    /// `RLIMIT_CORE`'s number.
    static let resource: UInt32 = 4

    /// getrlimit(2), setrlimit(2) of the caller.
    static let handler = SystemCallHandler { call throws(Errno) in
        if call.number == 97 {
            try call.write(array: pair(call.process), at: call[1])
        } else {
            try set(try call.readArray(at: call[1], count: 2), of: call.process, for: call)
        }
        return .value(0)
    }

    /// prlimit(2) of any process of the container.
    static func prlimit(_ call: CallContext, _ target: Process) throws(Errno) -> Reply {
        let old = pair(target)
        if call[2] != 0 { try set(try call.readArray(at: call[2], count: 2), of: target, for: call) }
        if call[3] != 0 { try call.write(array: old, at: call[3]) }
        return .value(0)
    }

    private static func pair(_ process: Process) -> [UInt64] {
        [process.inherited.coreLimit.soft, process.inherited.coreLimit.hard]
    }

    private static func set(_ limit: [UInt64], of process: Process, for call: CallContext) throws(Errno) {
        guard limit[0] <= limit[1] else { throw .invalidArgument }
        guard limit[1] <= process.inherited.coreLimit.hard || call.process.inherited.identity.has(.resource) else {
            throw .notPermitted
        }
        process.change { $0.coreLimit = (limit[0], limit[1]) }
    }
}
