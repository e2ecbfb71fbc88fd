import Glibc
import KernelProtocol
import OCISpec

extension CallProfile {
    /// What a filter returns for an action (`linux/seccomp.h`), without the number that ERRNO and TRACE carry.
    private static let actions: [String: UInt32] = [
        "SCMP_ACT_KILL": 0, "SCMP_ACT_KILL_THREAD": 0, "SCMP_ACT_KILL_PROCESS": 0x8000_0000,
        "SCMP_ACT_TRAP": 0x0003_0000, "SCMP_ACT_ERRNO": 0x0005_0000, "SCMP_ACT_TRACE": 0x7FF0_0000,
        "SCMP_ACT_LOG": 0x7FFC_0000, "SCMP_ACT_ALLOW": 0x7FFF_0000,
    ]

    private static let operators: [String: Comparison] = [
        "SCMP_CMP_NE": .notEqual, "SCMP_CMP_LT": .less, "SCMP_CMP_LE": .lessOrEqual, "SCMP_CMP_EQ": .equal,
        "SCMP_CMP_GE": .greaterOrEqual, "SCMP_CMP_GT": .greater, "SCMP_CMP_MASKED_EQ": .masked,
    ]

    private static let flags = [
        "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
    ]

    /// What `runu features` says.
    static let features = RuntimeFeatures.Seccomp(
        enabled: true, actions: actions.keys.sorted(), operators: operators.keys.sorted(),
        archs: ["SCMP_ARCH_X86_64"], knownFlags: flags, supportedFlags: flags)

    /// - Throws: `RuntimeError` for an action, a comparison or a flag that is not known.
    init(_ seccomp: RuntimeSpec.Seccomp) throws {
        for flag in seccomp.flags ?? [] where !CallProfile.flags.contains(flag) {
            throw RuntimeError("seccomp flag \(flag) is not supported")
        }
        let otherwise = try CallProfile.verdict(seccomp.defaultAction, seccomp.defaultErrnoRet)
        // As runc has it: a profile that permits by name does not turn new calls into EPERM, which C libraries do not expect.
        let isOpen = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].contains(seccomp.defaultAction)
        self.init(
            otherwise: otherwise, unknown: isOpen ? otherwise : 0x0005_0000 | UInt32(ENOSYS),
            rules: try (seccomp.syscalls ?? []).flatMap { try CallProfile.rules($0) },
            isLogged: seccomp.flags?.contains("SECCOMP_FILTER_FLAG_LOG") == true)
    }

    private static func verdict(_ action: String, _ number: UInt32?) throws -> UInt32 {
        guard let verdict = actions[action] else {
            throw RuntimeError(
                action == "SCMP_ACT_NOTIFY"
                    ? "seccomp action SCMP_ACT_NOTIFY is not supported"
                    : "string \(action) is not a valid action for seccomp")
        }
        guard action == "SCMP_ACT_ERRNO" || action == "SCMP_ACT_TRACE" else { return verdict }
        return verdict | (number ?? UInt32(EPERM)) & 0xFFFF
    }

    private static func rules(_ call: RuntimeSpec.Seccomp.Syscall) throws -> [Rule] {
        let verdict = try verdict(call.action, call.errnoRet)
        let tests = try (call.args ?? []).map { argument in
            guard argument.index < 6 else { throw RuntimeError("seccomp: no argument \(argument.index) of a call") }
            guard let comparison = operators[argument.op] else {
                throw RuntimeError("string \(argument.op) is not a valid operator for seccomp")
            }
            return Test(
                argument: argument.index, comparison: comparison, value: argument.value,
                other: argument.valueTwo ?? 0)
        }
        // As runc has it: of several tests of one argument any is enough, else all must hold.
        guard Set(tests.map(\.argument)).count == tests.count else {
            return tests.map { Rule(names: call.names, verdict: verdict, tests: [$0]) }
        }
        return [Rule(names: call.names, verdict: verdict, tests: tests)]
    }
}
