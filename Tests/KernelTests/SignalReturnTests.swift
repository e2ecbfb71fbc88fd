import Kernel
import Testing

@Suite struct SignalReturnTests {
    /// Code that ends in a system call instruction, padded to what the kernel reads.
    func code(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0x90, count: 30 - bytes.count) + bytes + [0x0F, 0x05]
    }

    func call(_ bytes: [UInt8], registers: [Int: UInt64] = [:]) -> Int? {
        SignalReturn.interruptedCall(code(bytes)) { registers[$0] ?? 0xDEAD }
    }

    @Test func findsTheNumberThatWasLoadedLast() {
        #expect(call([0xB8, 0x38, 0, 0, 0]) == 56)
        // The return from a signal handler itself.
        #expect(call([0x48, 0xC7, 0xC0, 0x0F, 0, 0, 0]) == 15)
    }

    @Test func findsTheNumberBehindArguments() {
        // mov $262,%eax; mov %rcx,%r10
        #expect(call([0xB8, 0x06, 0x01, 0, 0, 0x49, 0x89, 0xCA]) == 262)
        // mov $257,%eax; mov $-100,%edi; lea 8(%rsp),%rsi; xor %edx,%edx
        let load: [UInt8] = [0xB8, 0x01, 0x01, 0, 0, 0xBF, 0x9C, 0xFF, 0xFF, 0xFF]
        #expect(call(load + [0x48, 0x8D, 0x74, 0x24, 0x08, 0x31, 0xD2]) == 257)
    }

    @Test func findsTheNumberInTheRegisterItCameFrom() {
        #expect(call([0x44, 0x89, 0xC8], registers: [9: 257]) == 257)
        #expect(call([0x89, 0xD0], registers: [2: 4]) == 4)
    }

    @Test func saysNothingWhereItCannotKnow() {
        // Nothing loads rax, or something unknown does after a number: mov %rdi,%rax; mov (%rbx),%eax; a call.
        #expect(call([]) == nil)
        #expect(call([0x48, 0x89, 0xF8]) == nil)
        #expect(call([0xB8, 0x38, 0, 0, 0, 0x8B, 0x03]) == nil)
        #expect(call([0xB8, 0x38, 0, 0, 0, 0xE8, 1, 2, 3, 4]) == nil)
        // From rcx and r11, which the call overwrites.
        #expect(call([0x89, 0xC8], registers: [1: 4]) == nil)
        #expect(call([0x44, 0x89, 0xD8], registers: [11: 4]) == nil)
        #expect(SignalReturn.interruptedCall([0xB8, 0x38, 0, 0, 0, 0x90, 0x90]) { _ in 0 } == nil)
    }
}
