// Reads and writes another process's memory: unsafe pointers are at home here.
import CKernel
import Glibc
import SystemPackage

/// One notified system call: who calls, with what, and the way to answer.
///
/// A value, cheap to copy, and usable from any thread; what hangs on `process` and `kernel` belongs to the loop thread.
package struct CallContext: @unchecked Sendable {
    package unowned(unsafe) let kernel: Kernel
    /// The calling process; threads share it.
    package unowned(unsafe) let process: Process
    /// The notification's id.
    package let id: UInt64
    /// The calling thread, as the host numbers it.
    package let tid: pid_t
    package let number: Int
    package let arguments: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    package let instructionPointer: UInt64

    /// An argument as a C `int`.
    @inline(__always)
    package func int(_ index: Int) -> CInt { CInt(truncatingIfNeeded: self[index]) }

    /// An argument as C `unsigned int`.
    @inline(__always)
    package func uint(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: self[index]) }

    @inline(__always)
    package subscript(_ index: Int) -> UInt64 {
        switch index {
        case 0: arguments.0
        case 1: arguments.1
        case 2: arguments.2
        case 3: arguments.3
        case 4: arguments.4
        default: arguments.5
        }
    }

    // MARK: The caller's memory

    /// Reads exactly `buffer.count` bytes of the caller's memory.
    /// - Throws: `EFAULT`; `ESRCH` when the caller is gone.
    package func read(_ address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
        let n = kernel.memory.read(tid, address, into: buffer)
        guard n == buffer.count else { throw n < 0 && n != -Int(EFAULT) ? Errno(rawValue: CInt(-n)) : .badAddress }
    }

    /// Reads up to `count` bytes; fewer when the memory ends before.
    package func read(_ address: UInt64, count: Int) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let n = bytes.withUnsafeMutableBytes { kernel.memory.read(tid, address, into: $0) }
        guard n >= 0 else { throw Errno(rawValue: CInt(-n)) }
        bytes.removeLast(count - n)
        return bytes
    }

    /// Reads a value laid out as C does.
    package func read<T: BitwiseCopyable>(_: T.Type = T.self, at address: UInt64) throws(Errno) -> T {
        let size = MemoryLayout<T>.size
        return try withUnsafeTemporaryAllocation(byteCount: size, alignment: MemoryLayout<T>.alignment) {
            buffer throws(Errno) in
            try read(address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<size]))
            return buffer.loadUnaligned(as: T.self)
        }
    }

    /// Reads a string up to its NUL, which is left out.
    /// - Throws: `EFAULT`; `ENAMETOOLONG` when there is no NUL in the first `limit` bytes.
    package func readString(at address: UInt64, limit: Int = 4096) throws(Errno) -> [UInt8] {
        var result: [UInt8] = []
        var position = address
        while result.count < limit {
            // Up to the page's end only: the next page may not be there, and need not be.
            let page = 4096 - Int(position & 4095)
            let chunk = min(page, result.isEmpty ? 256 : 4096, limit - result.count)
            let end = try withUnsafeTemporaryAllocation(byteCount: chunk, alignment: 1) { buffer throws(Errno) in
                try read(position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<chunk]))
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[0..<chunk])
                let length = strnlen(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), chunk)
                result.append(contentsOf: bytes[0..<length])
                return length < chunk
            }
            if end { return result }
            position += UInt64(chunk)
        }
        throw .fileNameTooLong
    }

    /// Writes all of `bytes` into the caller's memory.
    /// - Throws: `EFAULT`.
    package func write(_ bytes: UnsafeRawBufferPointer, at address: UInt64) throws(Errno) {
        let n = kernel.memory.write(tid, address, from: bytes)
        guard n == bytes.count else { throw n < 0 && n != -Int(EFAULT) ? Errno(rawValue: CInt(-n)) : .badAddress }
    }

    package func write(_ bytes: [UInt8], at address: UInt64) throws(Errno) {
        try write(array: bytes, at: address)
    }

    /// Writes a value laid out as C does.
    package func write<T: BitwiseCopyable>(_ value: T, at address: UInt64) throws(Errno) {
        try withUnsafePointer(to: value) { pointer throws(Errno) in
            try write(UnsafeRawBufferPointer(start: pointer, count: MemoryLayout<T>.size), at: address)
        }
    }

    /// Writes values laid out as C does.
    package func write<T: BitwiseCopyable>(array: [T], at address: UInt64) throws(Errno) {
        try array.withUnsafeBufferPointer { buffer throws(Errno) in
            try write(UnsafeRawBufferPointer(buffer), at: address)
        }
    }

    /// Reads exactly `count` values laid out as C does.
    package func readArray<T: BitwiseCopyable & FixedWidthInteger>(
        _: T.Type = T.self, at address: UInt64, count: Int
    ) throws(Errno) -> [T] {
        var array = [T](repeating: 0, count: count)
        try array.withUnsafeMutableBufferPointer { buffer throws(Errno) in
            try read(address, into: UnsafeMutableRawBufferPointer(buffer))
        }
        return array
    }

    // MARK: Answers from other places than the handler's return

    /// Gives the caller a duplicate of `descriptor` while its call goes on, as `number` or under the lowest free one, and
    /// returns the number it has there. Under the big lock.
    package func inject(_ descriptor: CInt, closeOnExec: Bool, number: CInt = -1) throws(Errno) -> CInt {
        let number = ukk_add_descriptor(
            kernel.listener, id, kernel.whoMeets(tid), descriptor, number, closeOnExec ? 1 : 0, 0)
        guard number >= 0 else { throw Errno(rawValue: -number) }
        return number
    }

    /// Answers the call: after `Reply.later`, once, from any thread.
    package func reply(_ result: Result<Reply, Errno>) {
        kernel.answer(id, result)
    }

    /// Whether the caller still waits for the answer. False once it was killed or, without
    /// SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, interrupted by a signal.
    package var isWaiting: Bool { ukk_is_waiting(kernel.listener, id) != 0 }
}
