import CKernel
import Glibc
import SystemPackage

/// The processors that a container may run on, and how much of them against others.
enum Processors {
    /// The bits of a list such as `0-2,7` (cpuset(7), List format); nil when it is none.
    static func mask(_ list: String) -> [UInt8]? {
        var mask = [UInt8](repeating: 0, count: 128)
        for part in list.split(separator: ",") {
            let ends = part.split(separator: "-").map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                first >= 0,
                last < 1024
            else { return nil }
            for processor in first...last { mask[processor / 8] |= 1 << UInt8(processor % 8) }
        }
        return mask.contains { $0 != 0 } ? mask : nil
    }

    /// The nice value whose weight is to that of 0 as `shares` to 1024; a user may not have less than 0.
    static func nice(_ shares: Int64) -> CInt {
        guard shares > 0, shares < 1024 else { return 0 }
        return min(19, CInt((log(1024 / Double(shares)) / log(1.25)).rounded()))
    }

    /// sched_setaffinity(2): within what the container may have.
    static let setAffinity = SystemCallHandler { call throws(Errno) in
        let number = call.int(0)
        if number != 0 {
            guard let target = call.kernel.processes.process(ofThreadNumbered: number) else { throw .noSuchProcess }
            try SchedulingCalls.mayChange(target, call)
        }
        let thread = number == 0 ? call.tid : call.kernel.processes.host(ofNumber: number)
        var mask = try call.read(call[2], count: min(Int(call.uint(1)), 1024))
        if let allowed = Processors.mask(call.kernel.limits.processors) {
            for index in mask.indices { mask[index] &= index < allowed.count ? allowed[index] : 0 }
        }
        try set(mask, of: thread)
        return .value(0)
    }

    fileprivate static func set(_ mask: [UInt8], of thread: pid_t) throws(Errno) {
        let result = mask.withUnsafeBytes {
            ukk_raw(203, Int(thread), $0.count, Int(bitPattern: $0.baseAddress), 0, 0, 0)
        }
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
    }
}

extension Kernel {
    /// Gives a process, which its children inherit it from, its processors and weight.
    func confine(_ pid: pid_t) {
        let mask = Processors.mask(limits.processors)
        let nice = Processors.nice(limits.cpuShares)
        guard mask != nil || nice != 0 else { return }
        for thread in HostProcess.threads(of: pid) {
            if let mask {
                do throws(Errno) {
                    try Processors.set(mask, of: thread)
                } catch {
                    complain("processors \(limits.processors): \(error)")
                }
            }
            if nice != 0 { _ = ukk_raw(141, 0, Int(thread), Int(nice), 0, 0, 0) }
        }
    }
}
