import Glibc
import KernelProtocol
import OCISpec

extension ResourceLimit {
    private static let numbers: [String: UInt32] = [
        "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5,
        "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10,
        "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
    ]

    /// config.md, `rlimits`; numbers after Linux's asm-generic/resource.h.
    ///
    /// - Throws: `RuntimeError` for a type that Linux does not have (the specification wants an error).
    init(_ limit: RuntimeSpec.Rlimit) throws {
        guard let number = ResourceLimit.numbers[limit.type] else {
            throw RuntimeError("wrong rlimit value: \(limit.type)")
        }
        self.init(resource: number, soft: limit.soft, hard: limit.hard)
    }
}
