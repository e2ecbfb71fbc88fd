import CFiles
import Glibc

/// What a container may use, and what it uses now, as /proc and /sys tell it.
package struct ResourceView: Sendable {
    /// Bytes; 0: no limit.
    package var memoryLimit: UInt64
    package var memory: UInt64
    /// 0: no limit.
    package var processLimit: UInt64
    package var processes: UInt64
    /// Microseconds of processor time per `period`; 0: no limit.
    package var quota: Int64
    package var period: Int64
    /// The numbers of the processors to run on; nil: all.
    package var processors: Set<Int>?

    package init(
        memoryLimit: UInt64, memory: UInt64, processLimit: UInt64, processes: UInt64, quota: Int64, period: Int64,
        processors: Set<Int>?
    ) {
        self.memoryLimit = memoryLimit
        self.memory = memory
        self.processLimit = processLimit
        self.processes = processes
        self.quota = quota
        self.period = period
        self.processors = processors
    }
}

extension FileSystem {
    private func lines(_ path: String) -> [Substring] {
        String(decoding: readHostFile(path) ?? [], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
    }

    /// Whether /proc/meminfo has to tell something else than the host's.
    var hasMemoryLimit: Bool { (processes?.resources().memoryLimit ?? 0) > 0 }

    /// /proc/meminfo: under a limit that is what there is, and nothing of it can be swapped out.
    func memoryText() -> [UInt8] {
        let host = lines("/proc/meminfo")
        func figure(_ line: Substring) -> UInt64? {
            line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
        }
        guard let view = processes?.resources(), view.memoryLimit > 0, let total = host.first.flatMap(figure),
            view.memoryLimit / 1024 < total
        else { return Array(host.joined(separator: "\n").utf8) }
        let limit = view.memoryLimit / 1024
        let free = limit - min(limit, view.memory / 1024)
        let text = host.map { line -> String in
            guard let colon = line.firstIndex(of: ":"), let known = figure(line) else { return String(line) }
            let value: UInt64 =
                switch line[..<colon] {
                case "MemTotal": limit
                case "MemFree", "MemAvailable": free
                case "SwapTotal", "SwapFree", "SwapCached": 0
                case "Buffers", "Cached": 0
                default: min(known, limit - free)
                }
            let digits = String(value)
            let name = String(line[...colon])
            let padding = String(repeating: " ", count: max(1, 24 - name.utf8.count - digits.utf8.count))
            return name + padding + digits + (line.hasSuffix(" kB") ? " kB" : "")
        }
        return Array(text.joined(separator: "\n").utf8)
    }

    /// /proc/cpuinfo: the processors that the container may run on.
    func processorText() -> [UInt8] {
        guard let allowed = processes?.resources().processors else { return readHostFile("/proc/cpuinfo") ?? [] }
        var text = ""
        var isShown = true
        for line in lines("/proc/cpuinfo") {
            if line.hasPrefix("processor"), let number = line.split(separator: " ").last.flatMap({ Int($0) }) {
                isShown = allowed.contains(number)
            }
            if isShown { text += line + "\n" }
        }
        if text.hasSuffix("\n\n\n") { text.removeLast() }
        return Array(text.utf8)
    }

    /// What the files of a control group say (cgroup-v2, Controllers).
    func groupText(_ name: String) -> String {
        guard let view = processes?.resources() else { return "\n" }
        func limit(_ value: UInt64) -> String { value > 0 ? "\(value)\n" : "max\n" }
        switch name {
        case "memory.max": return limit(view.memoryLimit)
        case "memory.current": return "\(view.memory)\n"
        case "pids.max": return limit(view.processLimit)
        case "pids.current": return "\(view.processes)\n"
        case "cpu.max":
            return (view.quota > 0 ? "\(view.quota) " : "max ") + "\(view.period > 0 ? view.period : 100_000)\n"
        default: return "\n"
        }
    }
}
