// Reads and writes another process's memory: unsafe pointers are at home here.
import CKernel
import Glibc

/// The memory of the container's processes. Usable from any thread.
struct CallerMemory: Sendable {
    /// Whether the host refuses process_vm_readv(2), as docker's default seccomp profile does; then /proc/PID/mem serves.
    private let isRefused: Bool

    init() {
        var (from, to) = (UInt8(1), UInt8(0))
        let n = withUnsafeMutablePointer(to: &from) { from in
            ukk_read_memory(getpid(), UInt64(UInt(bitPattern: from)), &to, 1)
        }
        isRefused = n != 1
    }

    /// Bytes read (fewer than asked when the memory ends), or a negative error number.
    func read(_ pid: pid_t, _ address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard isRefused else { return ukk_read_memory(pid, address, buffer.baseAddress, buffer.count) }
        return throughFile(pid, O_RDONLY) { pread($0, buffer.baseAddress!, buffer.count, off_t(bitPattern: address)) }
    }

    /// Bytes written, or a negative error number.
    func write(_ pid: pid_t, _ address: UInt64, from buffer: UnsafeRawBufferPointer) -> Int {
        guard isRefused else { return ukk_write_memory(pid, address, buffer.baseAddress, buffer.count) }
        return throughFile(pid, O_RDWR) { pwrite($0, buffer.baseAddress!, buffer.count, off_t(bitPattern: address)) }
    }

    /// Writes also what the process itself may only read: its copy of a program's text.
    func force(_ pid: pid_t, _ address: UInt64, _ bytes: [UInt8]) -> Int {
        throughFile(pid, O_RDWR) { fd in
            bytes.withUnsafeBytes { pwrite(fd, $0.baseAddress!, $0.count, off_t(bitPattern: address)) }
        }
    }

    private func throughFile(_ pid: pid_t, _ mode: CInt, _ body: (CInt) -> Int) -> Int {
        let fd = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { path in
            ProcPath.write(pid, "mem", to: path.baseAddress!)
            return open(path.baseAddress!, mode | O_CLOEXEC)
        }
        guard fd >= 0 else { return -Int(errno) }
        defer { close(fd) }
        let n = body(fd)
        return n < 0 ? -Int(errno == EIO ? EFAULT : errno) : n
    }
}

extension off_t {
    fileprivate init(bitPattern address: UInt64) { self = off_t(truncatingIfNeeded: address) }
}
