import CKernel
import Glibc
import SystemPackage

/// Calls about another process's scheduling and limits, by number. About the caller itself (0) the filter lets them pass.
enum SchedulingCalls {
    /// sched_getaffinity(2), which alone of its kind looks for a negative number too: ESRCH.
    private static let getAffinity = 204
    /// sched_setparam(2), sched_setscheduler(2), sched_setattr(2).
    private static let changing = [142, 144, 314]

    /// The caller is the process's owner, or has CAP_SYS_NICE: to the host they all are one user's.
    static func mayChange(_ target: Process, _ call: CallContext) throws(Errno) {
        let (from, to) = (call.process.inherited.identity, target.inherited.identity)
        guard from.effectiveUID == to.effectiveUID || from.effectiveUID == to.uid || from.has(.nice) else {
            throw .notPermitted
        }
    }

    /// sched_*(2): the process or thread is the first argument.
    static let scheduling = SystemCallHandler { call throws(Errno) in
        let number = call.int(0)
        guard number >= 0 || call.number == getAffinity else { throw .invalidArgument }
        guard let target = call.kernel.processes.process(ofThreadNumbered: number) else { throw .noSuchProcess }
        if changing.contains(call.number) { try mayChange(target, call) }
        guard number == 1 else { return .native }
        return try onFirst(call)
    }

    /// getpriority(2), setpriority(2).
    static let priority = SystemCallHandler { call throws(Errno) in
        let isSetting = call.number == 141
        guard let targets = try targets(call, firstWhich: 0, isSetting: isSetting) else { return .native }
        // The highest of all that are asked for; for setting, the last refusal.
        return try onEach(targets, call, which: 0, isSetting: isSetting) { isSetting ? min($0, $1) : max($0, $1) }
    }

    /// ioprio_get(2), ioprio_set(2).
    static let diskPriority = SystemCallHandler { call throws(Errno) in
        let isSetting = call.number == 251
        guard let targets = try targets(call, firstWhich: 1, isSetting: isSetting) else { return .native }
        // Of priorities for disks the lowest number is the highest; what cannot be asked does not count.
        return try onEach(targets, call, which: 1, isSetting: isSetting) {
            isSetting ? min($0, $1) : ($0 < 0 ? $1 : $1 < 0 ? $0 : min($0, $1))
        }
    }

    /// Whom a call about a process or thread, a group of processes or a user's means, by the host's numbers.
    ///
    /// - Parameter firstWhich: the first argument that means a process; those that mean a group and a user follow it.
    /// - Returns: nil when the host means the same.
    private static func targets(
        _ call: CallContext, firstWhich: CInt, isSetting: Bool
    ) throws(Errno) -> [pid_t]? {
        let (who, kernel) = (call.int(1), call.kernel)
        switch call.int(0) {
        case firstWhich:
            if who != 0 {
                guard let target = kernel.processes.process(ofThreadNumbered: who) else { throw .noSuchProcess }
                if isSetting { try mayChange(target, call) }
            }
            return who == 1 ? [kernel.processes.first?.pid ?? 0] : nil
        case firstWhich + 1:
            let group = who == 0 ? try kernel.group(of: call.process.pid) : who
            return kernel.allPids().filter { (try? kernel.group(of: $0)) == group }
        case firstWhich + 2:
            let uid = who == 0 ? call.process.inherited.identity.uid : UInt32(bitPattern: who)
            return kernel.allPids().filter { kernel.processes.processes[$0]?.inherited.identity.uid == uid }
        default: throw .invalidArgument
        }
    }

    /// Does a call for every target, as about a process (`which`), and joins the results.
    private static func onEach(
        _ targets: [pid_t], _ call: CallContext, which: Int, isSetting: Bool, join: (Int, Int) -> Int
    ) throws(Errno) -> Reply {
        let results = targets.map { pid in
            if isSetting, let target = call.kernel.processes.processes[pid] {
                do throws(Errno) { try mayChange(target, call) } catch { return -Int(error.rawValue) }
            }
            return ukk_raw(call.number, which, Int(pid), Int(call.int(2)), 0, 0, 0)
        }
        guard let first = results.first else { throw .noSuchProcess }
        let result = results.dropFirst().reduce(first, join)
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        return .value(result)
    }

    static let prlimit = SystemCallHandler { call throws(Errno) in
        let target = try call.kernel.target(call.int(0), of: call)
        if call[2] != 0, target !== call.process { try mayLimit(target, call) }
        if call.uint(1) == CoreLimit.resource { return try CoreLimit.prlimit(call, target) }
        guard call.int(0) == 1 else { return .native }
        var old: [UInt64] = [0, 0]
        let new: [UInt64] = call[2] == 0 ? [] : try call.readArray(at: call[2], count: 2)
        let result = new.withUnsafeBufferPointer {
            ukk_prlimit(target.pid, call.uint(1), $0.isEmpty ? nil : $0.baseAddress, &old)
        }
        guard result == 0 else { throw Errno(rawValue: -result) }
        if call[3] != 0 { try call.write(array: old, at: call[3]) }
        return .value(0)
    }

    /// prlimit(2), NOTES: the same ids, or CAP_SYS_RESOURCE.
    private static func mayLimit(_ target: Process, _ call: CallContext) throws(Errno) {
        let (from, to) = (call.process.inherited.identity, target.inherited.identity)
        let isSame =
            [to.uid, to.effectiveUID, to.savedUID].allSatisfy { $0 == from.uid }
            && [to.gid, to.effectiveGID, to.savedGID].allSatisfy { $0 == from.gid }
        guard isSame || from.has(.resource) else { throw .notPermitted }
    }

    /// Does a call about the first process, whose number the host does not know, by itself.
    private static func onFirst(_ call: CallContext) throws(Errno) -> Reply {
        guard let first = call.kernel.processes.first else { throw .noSuchProcess }
        let pid = Int(first.pid)
        func check(_ result: Int) throws(Errno) -> Reply {
            guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
            return .value(result)
        }
        switch call.number {
        case 145:
            return try check(ukk_raw(call.number, pid, 0, 0, 0, 0, 0))
        case 203, 204:
            let size = min(Int(call.uint(1)), 1024)
            var mask = [UInt8](repeating: 0, count: size)
            if call.number == 203 { mask = try call.read(call[2], count: size) }
            let result = mask.withUnsafeMutableBytes {
                ukk_raw(call.number, pid, $0.count, Int(bitPattern: $0.baseAddress), 0, 0, 0)
            }
            if call.number == 204, result > 0 { try call.write(Array(mask.prefix(result)), at: call[2]) }
            return try check(result)
        case 142, 143, 144:
            let address = call.number == 144 ? call[2] : call[1]
            var parameter: Int32 = call.number == 143 ? 0 : try call.read(at: address)
            let result = withUnsafeMutablePointer(to: &parameter) { pointer in
                call.number == 144
                    ? ukk_raw(144, pid, Int(call.int(1)), Int(bitPattern: pointer), 0, 0, 0)
                    : ukk_raw(call.number, pid, Int(bitPattern: pointer), 0, 0, 0, 0)
            }
            if call.number == 143, result == 0 { try call.write(parameter, at: address) }
            return try check(result)
        default:
            throw .notPermitted
        }
    }
}
