import CKernel
import KernelProtocol

/// Translates a container's profile (`CallProfile`) into a filter of its own, which its processes get beside the kernel's
/// before their first exec. Of all filters' verdicts the host takes the strictest (seccomp(2)), so a profile opens nothing.
package struct ProfileProgram: Sendable {
    package private(set) var instructions: [sock_filter] = []
    /// For seccomp(2).
    let flags: UInt32
    /// Calls that are not let through whatever their arguments.
    package private(set) var limited: Set<Int> = []

    private typealias Test = CallProfile.Test

    /// Nil when the profile makes more instructions than the host takes.
    ///
    /// - Parameter rows: where calls' names and numbers are from. Names that are not there are passed over, as libseccomp does.
    package init?(_ profile: CallProfile, rows: [SystemCall]) {
        // SPEC_ALLOW, as the kernel's own filter has it; LOG.
        flags = 4 | (profile.isLogged ? 2 : 0)
        let numbers = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.number) })
        var rules: [Int: [CallProfile.Rule]] = [:]
        for rule in profile.rules {
            for name in rule.names { if let number = numbers[name] { rules[number, default: []].append(rule) } }
        }
        // exec goes on as execveat of a descriptor of the loader's, see `ExecCalls`.
        if let exec = numbers["execve"], let twin = numbers["execveat"],
            ProfileProgram.isOpen(rules[exec] ?? [], profile)
        {
            let redirected = Test(argument: 4, comparison: .equal, value: UInt64(UKK_AT_EMPTY_PATH))
            rules[twin, default: []].insert(
                CallProfile.Rule(names: [], verdict: FilterProgram.allow, tests: [redirected]), at: 0)
        }
        limited = Set(rows.map(\.number).filter { !ProfileProgram.isOpen(rules[$0] ?? [], profile) })

        var ranges: [(first: UInt32, leaf: [CallProfile.Rule])] = []
        let last = rules.keys.max() ?? -1
        var next = 0
        func append(_ first: Int, _ leaf: [CallProfile.Rule]) {
            if ranges.last?.leaf != leaf { ranges.append((UInt32(first), leaf)) }
        }
        for number in rules.keys.sorted() {
            if number > next { append(next, []) }
            let isConstant = rules[number]!.first { $0.tests.isEmpty }
            append(number, isConstant.map { [.init(names: [], verdict: $0.verdict)] } ?? rules[number]!)
            next = number + 1
        }
        append(last + 1, [.init(names: [], verdict: profile.unknown)])
        // x32's numbers, which the kernel's filter refuses.
        append(0x4000_0000, [.init(names: [], verdict: FilterProgram.allow)])

        let pass = [FilterProgram.statement(BPF_RET | BPF_K, FilterProgram.allow)]
        instructions = [
            // Of another machine's calls the kernel's filter lets none pass.
            FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, 4),
            FilterProgram.jump(BPF_JMP | BPF_JEQ | BPF_K, FilterProgram.architecture, yes: 1, no: 0),
        ]
        instructions += pass + ProfileProgram.loader(numbers)
        instructions.append(FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, 0))
        instructions += FilterProgram.tree(ranges[...]) { rules in
            rules.flatMap { ProfileProgram.code($0.tests, then: $0.verdict) }
                + [FilterProgram.statement(BPF_RET | BPF_K, profile.otherwise)]
        }
        if instructions.count > 4096 { return nil }
    }

    /// Whether a call with these rules is let through whatever its arguments.
    private static func isOpen(_ rules: [CallProfile.Rule], _ profile: CallProfile) -> Bool {
        let allow = FilterProgram.allow
        if let constant = rules.first(where: { $0.tests.isEmpty }) { return constant.verdict == allow }
        return profile.otherwise == allow && rules.allSatisfy { $0.verdict == allow }
    }

    /// Lets the loader's own calls pass, which map the program: they come from where nothing else is. A program that jumps
    /// there gains no call but these.
    private static func loader(_ numbers: [String: Int]) -> [sock_filter] {
        let names = ["close", "mmap", "mprotect", "munmap", "brk", "exit_group"]
        var calls: [(number: Int, tests: [Test])] = names.compactMap { name in numbers[name].map { ($0, []) } }
        if let exec = numbers["execve"] {
            calls.append((exec, [Test(argument: 0, comparison: .equal, value: UKL_REQUEST)]))
        }
        if let prctl = numbers["prctl"] {
            // PR_SET_NAME, PR_SET_MM.
            for option: UInt64 in [15, 35] {
                calls.append((prctl, [Test(argument: 0, comparison: .equal, value: option)]))
            }
        }
        let passes = calls.flatMap { call in
            let code = code(call.tests, then: FilterProgram.allow)
            return [
                FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, 0),
                FilterProgram.jump(BPF_JMP | BPF_JEQ | BPF_K, UInt32(call.number), yes: 0, no: code.count),
            ] + code
        }
        // The instruction's place, in seccomp_data.
        return [
            FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, 12),
            FilterProgram.jump(BPF_JMP | BPF_JEQ | BPF_K, UInt32(UKL_BASE >> 32), yes: 0, no: 2 + passes.count),
            FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, 8),
            FilterProgram.jump(
                BPF_JMP | BPF_JGE | BPF_K, UInt32(truncatingIfNeeded: UKL_END), yes: passes.count, no: 0),
        ] + passes
    }

    /// Ends with `verdict` when all tests hold, else goes on behind.
    private static func code(_ tests: [Test], then verdict: UInt32) -> [sock_filter] {
        tests.reversed().reduce([FilterProgram.statement(BPF_RET | BPF_K, verdict)]) { rest, test in
            code(test, otherwise: rest.count) + rest
        }
    }

    /// Goes on when a test holds, else skips `distance` instructions more.
    private static func code(_ test: Test, otherwise distance: Int) -> [sock_filter] {
        let offset = FilterProgram.low(Int(test.argument))
        let low = FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, offset)
        let high = FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, offset + 4)
        let value = (low: UInt32(truncatingIfNeeded: test.value), high: UInt32(test.value >> 32))
        func jump(_ kind: CInt, _ value: UInt32, _ yes: Int, _ no: Int) -> sock_filter {
            FilterProgram.jump(BPF_JMP | kind | BPF_K, value, yes: yes, no: no)
        }
        switch test.comparison {
        case .equal:
            return [
                high, jump(BPF_JEQ, value.high, 0, distance + 2), low, jump(BPF_JEQ, value.low, 0, distance),
            ]
        case .notEqual:
            return [high, jump(BPF_JEQ, value.high, 0, 2), low, jump(BPF_JEQ, value.low, distance, 0)]
        case .greater, .greaterOrEqual:
            let last = test.comparison == .greater ? BPF_JGT : BPF_JGE
            return [
                high, jump(BPF_JGT, value.high, 3, 0), jump(BPF_JEQ, value.high, 0, distance + 2), low,
                jump(last, value.low, 0, distance),
            ]
        case .less, .lessOrEqual:
            let last = test.comparison == .less ? BPF_JGE : BPF_JGT
            return [
                high, jump(BPF_JGT, value.high, distance + 3, 0), jump(BPF_JEQ, value.high, 0, 2), low,
                jump(last, value.low, distance, 0),
            ]
        case .masked:
            let wanted = test.value & test.other
            return [
                high, FilterProgram.statement(BPF_ALU | BPF_AND | BPF_K, value.high),
                jump(BPF_JEQ, UInt32(wanted >> 32), 0, distance + 3), low,
                FilterProgram.statement(BPF_ALU | BPF_AND | BPF_K, value.low),
                jump(BPF_JEQ, UInt32(truncatingIfNeeded: wanted), 0, distance),
            ]
        }
    }
}
