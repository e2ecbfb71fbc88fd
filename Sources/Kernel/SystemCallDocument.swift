/// `docs/syscalls.md`, made from the table.
package enum SystemCallDocument {
    package static var text: String {
        var result = """
            # System calls

            What the container's kernel does with every system call of x86-64. Made from the table in
            `Sources/Kernel/SystemCallTable.swift` by `ukernel --print-syscalls`; do not edit.

            *native*: the host's kernel does it at full speed. *handled*: ukernel is notified and does it, in the named file below
            `Sources/Kernel`.
            A call that is not listed answers ENOSYS.

            | number | name | what is done |
            |---:|---|---|

            """
        for row in SystemCallTable.rows {
            let note = row.note.isEmpty ? "" : " (\(row.note))"
            result += "| \(row.number) | \(row.name) | \(describe(row.action))\(note) |\n"
        }
        return result
    }

    private static func describe(_ action: SystemCall.Action) -> String {
        switch action {
        case .native: return "native"
        case .handled(let handler):
            return "handled by " + (handler.file.description.split(separator: "/").last ?? "")
        case .refused(let errno): return "refused: \(name(errno.rawValue))"
        case .depends(let rules, let otherwise):
            let cases = rules.map { rule in
                let condition: String =
                    switch rule.test {
                    case .isAnsweringCode: ""
                    case .isZero: "is 0"
                    case .isWithin(let range): "is \(range.lowerBound) to \(range.upperBound)"
                    case .hasBit(let mask): "has a bit of 0x" + String(mask, radix: 16)
                    case .masked(let mask, let values):
                        "masked with 0x" + String(mask, radix: 16) + " is "
                            + values.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
                    case .isOne(let values):
                        "is "
                            + values.map { $0 > 1000 ? "0x" + String($0, radix: 16) : "\($0)" }.joined(separator: ", ")
                    }
                if case .isAnsweringCode = rule.test { return "from the answering code: \(describe(rule.action))" }
                return "argument \(rule.argument + 1) \(condition): \(describe(rule.action))"
            }
            return (cases + ["else: \(describe(otherwise))"]).joined(separator: "; ")
        }
    }

    private static func name(_ errno: Int32) -> String {
        switch errno {
        case 1: "EPERM"
        case 22: "EINVAL"
        case 25: "ENOTTY"
        case 38: "ENOSYS"
        case 95: "EOPNOTSUPP"
        default: "\(errno)"
        }
    }
}
