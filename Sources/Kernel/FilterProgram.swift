import CFiles
import CKernel
import SystemPackage

/// Translates the system call table into the classic BPF program that seccomp(2) runs on every call.
///
/// A binary tree over the numbers, neighbours with the same action joined. The host remembers which calls are let
/// through whatever their arguments (Linux 5.11), so those cost next to nothing.
package struct FilterProgram: Sendable {
    package private(set) var instructions: [sock_filter] = []

    private enum Leaf: Equatable {
        case verdict(UInt32)
        case row(Int)
    }

    /// - Parameter secret: lets `kill` with SIGKILL, `exit_group`, `clone(SIGCHLD)` and `seccomp` pass natively when their unused
    ///   arguments hold it, which is how the nursery ends a container whose kernel is dead, and installs profiles.
    package init(rows: [SystemCall], secret: (UInt64, UInt64)) {
        let missing = Leaf.verdict(FilterProgram.refusal(.noFunction))
        var ranges: [(first: UInt32, leaf: Leaf)] = []
        func append(_ first: UInt32, _ leaf: Leaf) {
            if ranges.last?.leaf != leaf { ranges.append((first, leaf)) }
        }
        var next: UInt32 = 0
        for (index, row) in rows.enumerated() {
            let number = UInt32(row.number)
            if number > next { append(next, missing) }
            let verdict = FilterProgram.hasSecretDoor(row) ? nil : FilterProgram.verdict(row.action)
            append(number, verdict.map { .verdict($0) } ?? .row(index))
            next = number + 1
        }
        append(next, missing)

        load(offset: 4)
        emit(BPF_JMP | BPF_JEQ | BPF_K, FilterProgram.architecture, yes: 1, no: 0)
        emitReturn(FilterProgram.refusal(.noFunction))
        load(offset: 0)
        // The tree ends in "missing" for all numbers above the last, x32's among them.
        instructions += FilterProgram.tree(ranges[...]) { leaf in
            switch leaf {
            case .verdict(let verdict): [FilterProgram.statement(BPF_RET | BPF_K, verdict)]
            case .row(let index): FilterProgram.code(for: rows[index], secret: secret)
            }
        }
    }

    private static func hasSecretDoor(_ row: SystemCall) -> Bool {
        ["kill", "exit_group", "clone", "seccomp"].contains(row.name)
    }

    /// Code that finds the range that the accumulator lies in and goes on with its leaf's.
    static func tree<Leaf>(
        _ ranges: ArraySlice<(first: UInt32, leaf: Leaf)>, _ code: (Leaf) -> [sock_filter]
    ) -> [sock_filter] {
        if ranges.count == 1 { return code(ranges.first!.leaf) }
        let middle = ranges.startIndex + ranges.count / 2
        let left = tree(ranges[..<middle], code)
        let right = tree(ranges[middle...], code)
        let pivot = ranges[middle].first
        if left.count <= 255 {
            return [jump(BPF_JMP | BPF_JGE | BPF_K, pivot, yes: left.count, no: 0)] + left + right
        }
        return [jump(BPF_JMP | BPF_JGE | BPF_K, pivot, yes: 0, no: 1), statement(BPF_JMP | BPF_JA, UInt32(left.count))]
            + left + right
    }

    private static func code(for row: SystemCall, secret: (UInt64, UInt64)) -> [sock_filter] {
        var result: [sock_filter] = []
        if hasSecretDoor(row) {
            var tests: [(offset: UInt32, value: UInt32)] = []
            if row.name == "kill" {
                tests = [(low(1), 9)]
            }
            // SIGCHLD alone.
            if row.name == "clone" { tests = [(low(0), 17)] }
            tests += [
                (low(2), UInt32(truncatingIfNeeded: secret.0)), (low(3), UInt32(secret.0 >> 32)),
                (low(4), UInt32(truncatingIfNeeded: secret.1)), (low(5), UInt32(secret.1 >> 32)),
            ]
            // SECCOMP_SET_MODE_FILTER; its third argument is used.
            if row.name == "seccomp" { tests[0] = (low(0), 1) }
            for (index, test) in tests.enumerated() {
                // Two instructions a test, and the return that ends them, are skipped by the first that fails.
                let rest = (tests.count - index - 1) * 2 + 1
                result.append(statement(BPF_LD | BPF_W | BPF_ABS, test.offset))
                result.append(jump(BPF_JMP | BPF_JEQ | BPF_K, test.value, yes: 0, no: rest))
            }
            result.append(statement(BPF_RET | BPF_K, FilterProgram.allow))
        }
        guard case .depends(let rules, let otherwise) = row.action else {
            return result + [statement(BPF_RET | BPF_K, FilterProgram.verdict(row.action)!)]
        }
        for rule in rules {
            guard let verdict = FilterProgram.verdict(rule.action) else {
                preconditionFailure("a rule of \(row.name) has rules itself")
            }
            if case .isAnsweringCode = rule.test {
                // The place behind the instruction, in seccomp_data.
                result += [
                    statement(BPF_LD | BPF_W | BPF_ABS, 8),
                    jump(BPF_JMP | BPF_JEQ | BPF_K, UInt32(UKI_NATIVE_NEXT), yes: 0, no: 3),
                    statement(BPF_LD | BPF_W | BPF_ABS, 12), jump(BPF_JMP | BPF_JEQ | BPF_K, 0, yes: 0, no: 1),
                    statement(BPF_RET | BPF_K, verdict),
                ]
                continue
            }
            result.append(statement(BPF_LD | BPF_W | BPF_ABS, low(rule.argument)))
            switch rule.test {
            case .isOne(let values), .masked(_, let values):
                if case .masked(let mask, _) = rule.test { result.append(statement(BPF_ALU | BPF_AND | BPF_K, mask)) }
                for (index, value) in values.enumerated() {
                    let rest = values.count - index - 1
                    result.append(jump(BPF_JMP | BPF_JEQ | BPF_K, value, yes: rest, no: rest == 0 ? 1 : 0))
                }
            case .isZero:
                result.append(jump(BPF_JMP | BPF_JEQ | BPF_K, 0, yes: 0, no: 3))
                result.append(statement(BPF_LD | BPF_W | BPF_ABS, low(rule.argument) + 4))
                result.append(jump(BPF_JMP | BPF_JEQ | BPF_K, 0, yes: 0, no: 1))
            case .isWithin(let range):
                result.append(jump(BPF_JMP | BPF_JGE | BPF_K, range.lowerBound, yes: 0, no: 2))
                result.append(jump(BPF_JMP | BPF_JGT | BPF_K, range.upperBound, yes: 1, no: 0))
            case .hasBit(let mask):
                result.append(jump(BPF_JMP | BPF_JSET | BPF_K, mask, yes: 0, no: 1))
            case .isAnsweringCode: break
            }
            result.append(statement(BPF_RET | BPF_K, verdict))
        }
        return result + [statement(BPF_RET | BPF_K, FilterProgram.verdict(otherwise)!)]
    }

    // MARK: Instructions

    /// AUDIT_ARCH_X86_64.
    static let architecture: UInt32 = 0xC000_003E
    static let allow: UInt32 = 0x7FFF_0000
    private static let notify: UInt32 = 0x7FC0_0000

    static func refusal(_ errno: Errno) -> UInt32 { 0x0005_0000 | UInt32(errno.rawValue) }

    /// What the filter answers when no argument has a say; nil when one has.
    private static func verdict(_ action: SystemCall.Action) -> UInt32? {
        switch action {
        case .native: allow
        case .refused(let errno): refusal(errno)
        case .handled: notify
        case .depends: nil
        }
    }

    /// Offset of an argument's lower word in seccomp_data.
    static func low(_ argument: Int) -> UInt32 { UInt32(16 + 8 * argument) }

    static func statement(_ code: CInt, _ value: UInt32) -> sock_filter {
        sock_filter(code: UInt16(code), jt: 0, jf: 0, k: value)
    }

    static func jump(_ code: CInt, _ value: UInt32, yes: Int, no: Int) -> sock_filter {
        sock_filter(code: UInt16(code), jt: UInt8(yes), jf: UInt8(no), k: value)
    }

    private mutating func load(offset: UInt32) {
        instructions.append(FilterProgram.statement(BPF_LD | BPF_W | BPF_ABS, offset))
    }
    private mutating func emit(_ code: CInt, _ value: UInt32, yes: Int, no: Int) {
        instructions.append(FilterProgram.jump(code, value, yes: yes, no: no))
    }
    private mutating func emitReturn(_ value: UInt32) {
        instructions.append(FilterProgram.statement(BPF_RET | BPF_K, value))
    }
}
