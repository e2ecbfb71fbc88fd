// The layout of x86-64's signal frame and of its instructions: what the kernel's machine-dependent part knows, see also
// `machine.h`.
import CKernel
import Glibc
import SystemPackage

/// rt_sigreturn(2), where calls that a signal took away from this kernel are set going again.
///
/// A signal that comes between a call and its receipt makes the host give the call up. Under a handler with SA_RESTART
/// it is done again; under one without, the program would see EINTR from calls that never return it (fork, stat). So the
/// handler's return is looked at: if it leads back behind such a call, it is made to lead to the call instead.
package enum SignalReturn {
    static let sigreturn = SystemCallHandler { call throws(Errno) in
        let kernel = call.kernel
        // A call that this kernel itself gave up has its EINTR by right.
        let isByRight = kernel.givenUp.remove(call.tid) != nil || kernel.blocking.isWaiting(call.tid)
        guard !isByRight, kernel.hasLostCalls else { return .native }
        if let stack = HostProcess.stackPointer(ofBlocked: call.tid) {
            repair(call, stack)
            return .native
        }
        // The host tells it of who sleeps. This one has been heard and has not come to sleep yet, as where other work has
        // the processors: that is waited for aside.
        let aside: Reply? = try? kernel.blocking.start(call) {
            while call.isWaiting {
                if let stack = HostProcess.stackPointer(ofBlocked: call.tid) {
                    kernel.receivers.withKernel { repair(call, stack) }
                    break
                }
                usleep(100)
            }
            return .success(.native)
        }
        return aside ?? .native
    }

    /// Offsets in the ucontext that lies at the stack's top.
    private enum Offset {
        static let r8 = 40
        static let rax = 144
        static let rcx = 152
        static let rip = 168
        static let end = 176
        /// Of registers by their numbers in instructions: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15.
        static let registers = [144, 152, 136, 128, 160, 120, 112, 104, 40, 48, 56, 64, 72, 80, 88, 96]
    }

    private static func repair(_ call: CallContext, _ stack: UInt64) {
        guard let frame = try? call.read(stack, count: Offset.end), frame.count == Offset.end else { return }
        func word(_ offset: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<8 { value |= UInt64(frame[offset + index]) << UInt64(8 * index) }
            return value
        }
        let next = word(Offset.rip)
        // EINTR, right behind a system call instruction, which leaves its successor's address in rcx.
        guard word(Offset.rax) == UInt64(bitPattern: -4), word(Offset.rcx) == next,
            let code = code(before: next, call), code.count == 32,
            let number = redirectedCall(call) ?? interruptedCall(code, { word(Offset.registers[$0]) }),
            code.suffix(2) == [0x0F, 0x05], call.kernel.isNeverInterrupted(number)
        else { return }
        try? call.write(UInt64(number), at: stack + UInt64(Offset.rax))
        try? call.write(next - 2, at: stack + UInt64(Offset.rip))
    }

    /// The instructions before a place, as the program has them: the call site may have been changed meanwhile, by a call
    /// from the handler.
    private static func code(before next: UInt64, _ call: CallContext) -> [UInt8]? {
        guard var code = try? call.read(next - 32, count: 32), code.count == 32 else { return nil }
        if let slot = InsideAnswers.slot(ofChanged: code[25...]), let load = try? call.read(slot + 8, count: 5) {
            code.replaceSubrange(25..<30, with: load)
        }
        return code
    }

    /// The call that a thread on its way to the loader makes: not the one that its code loads.
    private static func redirectedCall(_ call: CallContext) -> Int? {
        guard let pending = call.process.pendingExec, pending.tid == call.tid, pending.stage == .redirected else {
            return nil
        }
        return 322
    }

    /// The number of the call that was made by the instructions before the given place, if they tell.
    ///
    /// The number itself is gone from its register. Compilers load it last, or nearly so, and from where it still is.
    package static func interruptedCall(_ code: [UInt8], _ register: (Int) -> UInt64) -> Int? {
        guard code.count >= 12, code.suffix(2) == [0x0F, 0x05] else { return nil }
        let end = code.count - 2
        // The nearest load from which whole instructions lead to the call.
        for start in stride(from: end - 2, through: max(0, end - 24), by: -1) {
            guard let (number, size) = load(code[start..<end], register) else { continue }
            // Behind a prefix it would be another instruction; then better none than a wrong one.
            if code[start] == 0xB8 || code[start] == 0x89, start == 0 || code[start - 1] & 0xF0 == 0x40 { continue }
            var position = start + size
            while position < end, let size = harmless(code[position..<end]) { position += size }
            if position == end { return number }
        }
        return nil
    }

    /// An instruction that loads rax with something known: its value and size.
    private static func load(_ code: ArraySlice<UInt8>, _ register: (Int) -> UInt64) -> (Int, Int)? {
        let bytes = Array(code.prefix(7))
        func immediate(_ at: Int) -> Int {
            Int(bytes[at]) | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2]) << 16 | Int(bytes[at + 3]) << 24
        }
        // mov $n, %eax
        if bytes.count >= 5, bytes[0] == 0xB8 { return (immediate(1), 5) }
        // mov $n, %rax
        if bytes.count >= 7, bytes[0] == 0x48, bytes[1] == 0xC7, bytes[2] == 0xC0 { return (immediate(3), 7) }
        // mov %r, %eax, with a prefix for r8 to r15
        if bytes.count >= 3, bytes[0] == 0x44, bytes[1] == 0x89, bytes[2] & 0xC7 == 0xC0 {
            let source = Int(bytes[2] >> 3 & 7) + 8
            return source == 11 ? nil : (Int(truncatingIfNeeded: UInt32(truncatingIfNeeded: register(source))), 3)
        }
        if bytes.count >= 2, bytes[0] == 0x89, bytes[1] & 0xC7 == 0xC0 {
            let source = Int(bytes[1] >> 3 & 7)
            return source <= 1 ? nil : (Int(truncatingIfNeeded: UInt32(truncatingIfNeeded: register(source))), 2)
        }
        return nil
    }

    /// The size of an instruction that only sets another register than rax, of the kinds that load arguments.
    private static func harmless(_ code: ArraySlice<UInt8>) -> Int? {
        var bytes = Array(code.prefix(12))
        var prefix: UInt8 = 0
        if let first = bytes.first, first & 0xF0 == 0x40 {
            prefix = first
            bytes.removeFirst()
        }
        let extra = prefix == 0 ? 0 : 1
        guard let operation = bytes.first else { return nil }
        switch operation {
        case 0xB9...0xBF where prefix & 8 == 0:  // mov $n, %r
            return 5 + extra
        case 0xB8 where prefix & 9 == 1:
            return 5 + extra
        case 0x31, 0x89:  // xor %r, %r; mov %r, %r
            guard bytes.count >= 2, bytes[1] >= 0xC0 else { return nil }
            if bytes[1] & 7 == 0, prefix & 1 == 0 { return nil }
            return 2 + extra
        case 0x8B, 0x8D:  // mov memory, %r; lea memory, %r
            guard bytes.count >= 2, bytes[1] < 0xC0, bytes[1] >> 3 & 7 != 0 || prefix & 4 != 0 else { return nil }
            let hasIndex = bytes[1] & 7 == 4 ? 1 : 0
            switch bytes[1] >> 6 {
            case 0:
                // Relative to the instruction pointer, or absolute: four bytes.
                if bytes[1] & 7 == 5 { return 6 + extra }
                if hasIndex == 1, bytes.count >= 3, bytes[2] & 7 == 5 { return 7 + extra }
                return 2 + hasIndex + extra
            case 1: return 3 + hasIndex + extra
            default: return 6 + hasIndex + extra
            }
        default:
            return nil
        }
    }
}

extension Kernel {
    /// Whether signals have lately taken calls away from this kernel: the host numbers all, and some did not come.
    var hasLostCalls: Bool {
        // Without WAIT_KILLABLE_RECV signals take calls away that are being answered, too.
        guard isKillable else { return true }
        let now = receivers.lost
        if now > lostCalls { lastLoss = .after(milliseconds: 10_000) }
        // It falls again when one comes that others have overtaken.
        lostCalls = now
        return lastLoss.map { $0.millisecondsLeft > 0 } ?? false
    }

    /// Whether a call is answered here, and without waits: then it has no EINTR of its own.
    func isNeverInterrupted(_ number: Int) -> Bool {
        guard number >= 0, number < handlers.count, handlers[number] != nil else { return false }
        // sendto, wait4, and the waits of System V objects, which the host does once they are allowed.
        return ![44, 61, 65, 69, 70, 220].contains(number)
    }
}
