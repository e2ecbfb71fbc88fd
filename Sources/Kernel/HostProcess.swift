// Reads small files of /proc into a buffer on the stack: unsafe pointers, for the sake of a fork's cost.
import CKernel
import Glibc
import Host

/// What the host's /proc tells about a process. Reading costs some ten microseconds, so it is done once a process.
package enum HostProcess {
    package struct Status: Sendable {
        package var threadGroup: pid_t = 0
        package var parent: pid_t = 0
        /// Who traces it; 0: nobody.
        package var tracer: pid_t = 0
        package var state: UInt8 = 0
        package var threads = 0
        package var pending: UInt64 = 0
        package var sharedPending: UInt64 = 0
        package var blocked: UInt64 = 0
        package var ignored: UInt64 = 0
        package var caught: UInt64 = 0
    }

    /// Fields of /proc/PID/stat, see proc_pid_stat(5). Times in clock ticks, sizes in pages.
    package struct Statistics: Sendable {
        package var state: UInt8 = 0
        package var parent: pid_t = 0
        package var group: pid_t = 0
        package var session: pid_t = 0
        package var terminal: Int = 0
        package var foreground: pid_t = 0
        package var userTime: UInt64 = 0
        package var systemTime: UInt64 = 0
        package var residentPages: UInt64 = 0
        package var threads = 0
        /// Of children that have been waited for.
        package var childUserTime: UInt64 = 0
        package var childSystemTime: UInt64 = 0
    }

    /// A thread's process and that one's parent.
    struct Kin {
        var threadGroup: pid_t
        var parent: pid_t
    }

    /// What personality(2) has set; 0 for a thread that is gone.
    static func personality(of thread: pid_t) -> UInt32 {
        guard let text = readSmallFile("/proc/\(thread)/personality") else { return 0 }
        return UInt32(text.prefix { !$0.isWhitespace }, radix: 16) ?? 0
    }

    /// nil when there is no such thread.
    static func kin(of thread: pid_t) -> Kin? {
        var pidfd: CInt = -1
        defer { if pidfd >= 0 { close(pidfd) } }
        return kin(of: thread, pidfd: &pidfd)
    }

    /// The same; the caller gets a descriptor of the process, if that came about: else -1.
    static func kin(of thread: pid_t, pidfd: inout CInt) -> Kin? {
        var kin = Kin(threadGroup: 0, parent: 0)
        switch ukk_kin(thread, &kin.threadGroup, &kin.parent, &pidfd) {
        case 0: return kin
        case -ESRCH: return nil
        default: return status(of: thread).map { Kin(threadGroup: $0.threadGroup, parent: $0.parent) }
        }
    }

    /// /proc/PID/status, or nil when there is no such process.
    package static func status(of pid: pid_t) -> Status? {
        withFile(of: pid, "status") { text in
            var result = Status()
            for line in text.split(separator: UInt8(ascii: "\n")) {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon + 2 <= line.endIndex else { continue }
                let value = UnsafeRawBufferPointer(rebasing: line[(colon + 2)...])
                switch line[..<colon].count {
                case 4 where line.starts(with: "Tgid".utf8): result.threadGroup = pid_t(decimal(value))
                case 4 where line.starts(with: "PPid".utf8): result.parent = pid_t(decimal(value))
                case 9 where line.starts(with: "TracerPid".utf8): result.tracer = pid_t(decimal(value))
                case 5 where line.starts(with: "State".utf8): result.state = value.first ?? 0
                case 7 where line.starts(with: "Threads".utf8): result.threads = decimal(value)
                case 6 where line.starts(with: "SigPnd".utf8): result.pending = hexadecimal(value)
                case 6 where line.starts(with: "ShdPnd".utf8): result.sharedPending = hexadecimal(value)
                case 6 where line.starts(with: "SigBlk".utf8): result.blocked = hexadecimal(value)
                case 6 where line.starts(with: "SigIgn".utf8): result.ignored = hexadecimal(value)
                case 6 where line.starts(with: "SigCgt".utf8):
                    result.caught = hexadecimal(value)
                    return result
                default: continue
                }
            }
            return result
        }
    }

    /// /proc/PID/stat, or nil when there is no such process.
    package static func statistics(of pid: pid_t) -> Statistics? {
        withFile(of: pid, "stat") { text in
            guard let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.endIndex else { return nil }
            let fields = UnsafeRawBufferPointer(rebasing: text[(end + 2)...]).split(
                separator: UInt8(ascii: " "), maxSplits: 24)
            guard fields.count > 22 else { return nil }
            func number(_ index: Int) -> Int { decimal(UnsafeRawBufferPointer(rebasing: fields[index])) }
            var result = Statistics()
            result.state = fields[0].first ?? 0
            result.parent = pid_t(number(1))
            result.group = pid_t(number(2))
            result.session = pid_t(number(3))
            result.terminal = number(4)
            result.foreground = pid_t(number(5))
            result.userTime = UInt64(number(11))
            result.systemTime = UInt64(number(12))
            result.childUserTime = UInt64(number(13))
            result.childSystemTime = UInt64(number(14))
            result.threads = number(17)
            result.residentPages = UInt64(number(21))
            return result
        }
    }

    /// The state's letter, or nil when there is no such process.
    static func state(of pid: pid_t) -> UInt8? { statistics(of: pid)?.state }

    /// Whether it stands still: stopped, traced or dead.
    static func isStopped(_ pid: pid_t) -> Bool {
        guard let state = state(of: pid) else { return true }
        return [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "Z"), UInt8(ascii: "X")].contains(state)
    }

    /// Size, resident and shared pages (/proc/PID/statm).
    static func memorySizes(of pid: pid_t) -> [Int]? {
        withFile(of: pid, "statm") { text in
            let fields = text.split(separator: UInt8(ascii: " "), maxSplits: 3)
            guard fields.count > 3 else { return nil }
            return fields[..<3].map { decimal(UnsafeRawBufferPointer(rebasing: $0)) }
        }
    }

    /// Bytes in memory that belong to no file of a disk; pages of several processes count for each.
    static func privateMemory(of pid: pid_t) -> UInt64? {
        let parts = sizes(of: pid, "status", "RssAnon:", "RssShmem:").compactMap { $0 }
        return parts.isEmpty ? nil : parts.reduce(0, +)
    }

    /// Bytes in memory that belong to no file of a disk, pages of several processes divided among them.
    struct Share {
        var `private`: UInt64
        /// Of files in memory.
        var shared: UInt64 = 0
    }

    /// From /proc/PID/smaps_rollup; nil where the host does not tell.
    static func share(of pid: pid_t) -> Share? {
        let parts = sizes(of: pid, "smaps_rollup", "Pss_Anon:", "Pss_Shmem:")
        return parts[0].map { Share(private: $0, shared: parts[1] ?? 0) }
    }

    /// Most bytes that it ever had in memory (VmHWM).
    static func peakMemory(of pid: pid_t) -> UInt64? { sizes(of: pid, "status", "VmHWM:")[0] }

    /// Bytes, from the lines of a file that begin with `names` and go on with a number of kB; nil for what the host does not
    /// tell.
    private static func sizes(of pid: pid_t, _ file: StaticString, _ names: String...) -> [UInt64?] {
        var found = [UInt64?](repeating: nil, count: names.count)
        _ = withFile(of: pid, file) { text -> Void? in
            var left = names.count
            for line in text.split(separator: UInt8(ascii: "\n")) where left > 0 {
                guard let index = names.firstIndex(where: { line.starts(with: $0.utf8) }) else { continue }
                let digits = line.drop { $0 < 0x30 || $0 > 0x39 }
                found[index] = UInt64(decimal(UnsafeRawBufferPointer(rebasing: digits))) * 1024
                left -= 1
            }
            return nil
        }
        return found
    }

    /// Bytes that a process had read from disks, and that it has had written to them or changed in files so that they
    /// will be; those of its threads that have ended, and of children that have been waited for, are among them
    /// (/proc/PID/io). nil when there is no such process, or the host does not count.
    static func blocks(of pid: pid_t) -> BlockBytes? {
        withFile(of: pid, "io") { text in
            var result = BlockBytes()
            for line in text.split(separator: UInt8(ascii: "\n")) {
                if line.starts(with: "read_bytes: ".utf8) {
                    result.read = UInt64(decimal(UnsafeRawBufferPointer(rebasing: line.dropFirst(12))))
                } else if line.starts(with: "write_bytes: ".utf8) {
                    result.written = UInt64(decimal(UnsafeRawBufferPointer(rebasing: line.dropFirst(13))))
                }
            }
            return result
        }
    }

    /// oom_score_adj; 0 when there is no such process.
    static func oomScoreAdjustment(of pid: pid_t) -> Int {
        withFile(of: pid, "oom_score_adj") { text in
            Int(String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? "")
        } ?? 0
    }

    /// The numbers of a process's threads.
    static func threads(of pid: pid_t) -> [pid_t] { numbers(in: "/proc/\(pid)/task") }

    /// Bytes of proportional set size, or nil where the host does not tell.
    package static func proportionalMemory(of pid: pid_t) -> UInt64? { sizes(of: pid, "smaps_rollup", "Pss:")[0] }

    /// The stack pointer with which a thread entered the call that it waits in (/proc/PID/syscall).
    package static func stackPointer(ofBlocked tid: pid_t) -> UInt64? {
        withFile(of: tid, "syscall") { text in
            let fields = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            guard fields.count == 9 else { return nil }
            let value = fields[7].dropFirst(2)
            return hexadecimal(value)
        }
    }

    /// Where a stopped thread goes on (/proc/PID/syscall); nil when it runs.
    package static func programCounter(ofStopped tid: pid_t) -> UInt64? {
        withFile(of: tid, "syscall") { text in
            let fields = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            guard fields.count >= 3, let value = fields.last?.dropFirst(2) else { return nil }
            return hexadecimal(value)
        }
    }

    /// A thread's name.
    package static func name(of tid: pid_t) -> [UInt8]? {
        withFile(of: tid, "comm") { text in Array(text.dropLast()) }
    }

    /// The pids of the host's processes, without threads.
    package static func all() -> [pid_t] { numbers(in: "/proc") }

    /// The numbers among a folder's names.
    private static func numbers(in path: String) -> [pid_t] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var result: [pid_t] = []
        while let entry = readdir(folder) {
            let number = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            if number > 0 { result.append(number) }
        }
        return result
    }

    /// What proc_pid_fdinfo(5) tells of a descriptor, by name; nil when there is no such descriptor.
    /// - Parameter owner: a number, or `self`.
    static func information(of descriptor: CInt, in owner: String) -> [Substring: Substring]? {
        guard let text = readSmallFile("/proc/\(owner)/fdinfo/\(descriptor)") else { return nil }
        var result: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            result[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
        }
        return result
    }

    private static func withFile<R>(
        of pid: pid_t, _ name: StaticString, _ body: (UnsafeRawBufferPointer) -> R?
    ) -> R? {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            let path = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
            ProcPath.write(pid, name, to: path)
            let fd = open(path, O_RDONLY | O_CLOEXEC)
            guard fd >= 0 else { return nil }
            let n = Glibc.read(fd, buffer.baseAddress!, 4096)
            close(fd)
            guard n > 0 else { return nil }
            return body(UnsafeRawBufferPointer(rebasing: buffer[0..<n]))
        }
    }

    private static func decimal(_ text: UnsafeRawBufferPointer) -> Int {
        var value = 0
        var negative = false
        for byte in text {
            if byte == UInt8(ascii: "-"), value == 0 {
                negative = true
            } else if byte >= 0x30, byte <= 0x39 {
                value = value &* 10 &+ Int(byte &- 0x30)
            } else {
                break
            }
        }
        return negative ? -value : value
    }

    static func hexadecimal(_ text: some Sequence<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        for byte in text {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            default: return value
            }
        }
        return value
    }
}

/// Writes `/proc/PID/NAME` without a String.
enum ProcPath {
    static func write(_ pid: pid_t, _ name: StaticString, to path: UnsafeMutablePointer<CChar>) {
        var cursor = path
        func put(_ byte: UInt8) {
            cursor.pointee = CChar(bitPattern: byte)
            cursor += 1
        }
        for byte in "/proc/".utf8 { put(byte) }
        var divisor: pid_t = 1
        while pid / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            put(UInt8(0x30 + (pid / divisor) % 10))
            divisor /= 10
        }
        put(UInt8(ascii: "/"))
        name.withUTF8Buffer { for byte in $0 { put(byte) } }
        put(0)
    }
}

extension HostProcess {
    /// `/proc/TID/fd/DESCRIPTOR`, without the detour of an interpolation: it is made for every fstat.
    static func descriptorPath(_ tid: pid_t, _ descriptor: CInt) -> String {
        String(unsafeUninitializedCapacity: 40) { buffer in
            var count = 0
            func put(_ text: StaticString) {
                text.withUTF8Buffer { for byte in $0 { put(byte) } }
            }
            func put(_ byte: UInt8) {
                buffer[count] = byte
                count += 1
            }
            func put(_ number: UInt32) {
                if number >= 10 { put(number / 10) }
                put(UInt8(ascii: "0") + UInt8(number % 10))
            }
            put("/proc/")
            put(UInt32(bitPattern: tid))
            put("/fd/")
            put(UInt32(bitPattern: descriptor))
            return count
        }
    }
}
