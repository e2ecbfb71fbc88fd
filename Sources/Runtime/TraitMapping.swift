import Glibc
import KernelProtocol
import OCISpec

extension DeviceSpecification {
    /// - Throws: `RuntimeError` for a type that is none.
    init(_ device: RuntimeSpec.Device) throws {
        let type: mode_t =
            switch device.type {
            case "c", "u": S_IFCHR
            case "b": S_IFBLK
            case "p": S_IFIFO
            default: throw RuntimeError("\(device.path): \"\(device.type)\" is no type of a device")
            }
        guard device.path.first == "/" else { throw RuntimeError("device path \(device.path) is not absolute") }
        self.init(
            path: device.path, mode: UInt32(type) | (device.fileMode ?? 0o666) & 0o7777,
            major: UInt32(clamping: device.major ?? 0), minor: UInt32(clamping: device.minor ?? 0),
            uid: device.uid ?? 0, gid: device.gid ?? 0)
    }
}

extension RuntimeSpec.Personality {
    /// For personality(2).
    ///
    /// - Throws: `RuntimeError` for a domain that Linux does not have.
    var number: UInt32 {
        get throws {
            switch domain {
            case "LINUX": 0
            case "LINUX32": 8
            default: throw RuntimeError("invalid personality domain: \(domain)")
            }
        }
    }
}

extension SchedulerSpecification {
    private static let policies: [String: UInt32] = [
        "SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_ISO": 4, "SCHED_IDLE": 5,
        "SCHED_DEADLINE": 6,
    ]
    private static let flags: [String: UInt64] = [
        "SCHED_FLAG_RESET_ON_FORK": 1, "SCHED_FLAG_RECLAIM": 2, "SCHED_FLAG_DL_OVERRUN": 4,
        "SCHED_FLAG_KEEP_POLICY": 8, "SCHED_FLAG_KEEP_PARAMS": 16, "SCHED_FLAG_UTIL_CLAMP_MIN": 32,
        "SCHED_FLAG_UTIL_CLAMP_MAX": 64,
    ]

    /// - Throws: `RuntimeError` for a policy or a flag that Linux does not have.
    init(_ scheduler: RuntimeSpec.Scheduler) throws {
        guard let policy = SchedulerSpecification.policies[scheduler.policy] else {
            throw RuntimeError("invalid scheduler policy: \(scheduler.policy)")
        }
        var flags: UInt64 = 0
        for name in scheduler.flags ?? [] {
            guard let flag = SchedulerSpecification.flags[name] else {
                throw RuntimeError("invalid scheduler flag: \(name)")
            }
            flags |= flag
        }
        self.init(
            policy: policy, flags: flags, nice: scheduler.nice ?? 0,
            priority: UInt32(clamping: scheduler.priority ?? 0),
            runtime: scheduler.runtime ?? 0, deadline: scheduler.deadline ?? 0, period: scheduler.period ?? 0)
    }
}

extension RuntimeSpec.IOPriority {
    /// For ioprio_set(2).
    ///
    /// - Throws: `RuntimeError` for a class that Linux does not have.
    var number: Int32 {
        get throws {
            let classes = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"]
            guard let index = classes.firstIndex(of: self.class) else {
                throw RuntimeError("invalid io priority class: \(self.class)")
            }
            return Int32(index + 1) << 13 | (priority ?? 0) & 0x1FFF
        }
    }
}
