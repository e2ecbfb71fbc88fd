import CKernel

/// Runs a filter as the host's kernel would: enough of classic BPF for what `FilterProgram` emits.
struct FilterInterpreter {
    var instructions: [sock_filter]

    /// The verdict about a call; traps on what is no valid program.
    func verdict(
        _ number: UInt32, _ arguments: [UInt64] = [], architecture: UInt32 = 0xC000_003E,
        instructionPointer: UInt64 = 0
    ) -> UInt32 {
        var data = [UInt32](repeating: 0, count: 16)
        data[0] = number
        data[1] = architecture
        data[2] = UInt32(truncatingIfNeeded: instructionPointer)
        data[3] = UInt32(instructionPointer >> 32)
        for (index, argument) in arguments.enumerated() {
            data[4 + 2 * index] = UInt32(truncatingIfNeeded: argument)
            data[5 + 2 * index] = UInt32(argument >> 32)
        }
        var (accumulator, position) = (UInt32(0), 0)
        while true {
            let instruction = instructions[position]
            position += 1
            switch Int32(instruction.code) {
            case BPF_LD | BPF_W | BPF_ABS: accumulator = data[Int(instruction.k / 4)]
            case BPF_ALU | BPF_AND | BPF_K: accumulator &= instruction.k
            case BPF_RET | BPF_K: return instruction.k
            case BPF_JMP | BPF_JA: position += Int(instruction.k)
            case BPF_JMP | BPF_JEQ | BPF_K:
                position += Int(accumulator == instruction.k ? instruction.jt : instruction.jf)
            case BPF_JMP | BPF_JGE | BPF_K:
                position += Int(accumulator >= instruction.k ? instruction.jt : instruction.jf)
            case BPF_JMP | BPF_JGT | BPF_K:
                position += Int(accumulator > instruction.k ? instruction.jt : instruction.jf)
            case BPF_JMP | BPF_JSET | BPF_K:
                position += Int(accumulator & instruction.k != 0 ? instruction.jt : instruction.jf)
            default: preconditionFailure("instruction \(instruction.code) at \(position - 1)")
            }
        }
    }
}
