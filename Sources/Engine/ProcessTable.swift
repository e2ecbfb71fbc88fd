import CHost
import EngineAPI
import Glibc
import Host

/// What the host's /proc says of a container's processes.
enum ProcessTable {
    /// `GET /containers/{id}/top`: the columns of `ps -ef`, whatever options are asked for.
    static func top(_ pids: [Int]) -> ContainerTop {
        let ticks = Double(ukh_clock_ticks())
        let boot = bootTime
        let rows: [[String]] = pids.sorted().compactMap { pid in
            guard let fields = Processes.statFields(of: pid_t(pid)) else { return nil }
            let used = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
            let seconds = Int(used / ticks)
            let start = boot + Int((Double(fields[19]) ?? 0) / ticks)
            return [
                owner(pid), "\(pid)", String(fields[1]), "0", clock(start), terminal(fields[4]),
                "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))", command(pid),
            ]
        }
        return ContainerTop(titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], processes: rows)
    }

    /// Sums over all processes: CPU time in nanoseconds (program, kernel), resident bytes.
    static func usage(_ pids: [Int]) -> (user: UInt64, kernel: UInt64, memory: UInt64) {
        let nanoseconds = 1_000_000_000 / UInt64(ukh_clock_ticks())
        let page = UInt64(sysconf(CInt(_SC_PAGESIZE)))
        var sum: (user: UInt64, kernel: UInt64, memory: UInt64) = (0, 0, 0)
        for pid in pids {
            guard let fields = Processes.statFields(of: pid_t(pid)), fields.count > 21 else { continue }
            // With the children that were waited for, so that a shell's commands count after their end.
            sum.user += ((UInt64(fields[11]) ?? 0) + (UInt64(fields[13]) ?? 0)) * nanoseconds
            sum.kernel += ((UInt64(fields[12]) ?? 0) + (UInt64(fields[14]) ?? 0)) * nanoseconds
            sum.memory += (UInt64(fields[21]) ?? 0) * page
        }
        return sum
    }

    /// The host's CPU time in nanoseconds.
    static var systemUsage: UInt64 {
        guard let line = readSmallFile("/proc/stat")?.split(separator: "\n").first else { return 0 }
        let ticks = line.split(separator: " ").dropFirst().prefix(8).reduce(UInt64(0)) { $0 + (UInt64($1) ?? 0) }
        return ticks * (1_000_000_000 / UInt64(ukh_clock_ticks()))
    }

    private static var bootTime: Int {
        let line = readSmallFile("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Int($0.dropFirst(6)) } ?? 0
    }

    private static func owner(_ pid: Int) -> String {
        let line = readSmallFile("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("Uid:") }
        return line.flatMap { $0.split(separator: "\t").dropFirst().first.map(String.init) } ?? "?"
    }

    private static func command(_ pid: Int) -> String {
        let words = (readSmallFile("/proc/\(pid)/cmdline") ?? "").split(separator: "\0").joined(separator: " ")
        if !words.isEmpty { return words }
        return "[\((readSmallFile("/proc/\(pid)/comm") ?? "?").prefix { $0 != "\n" })]"
    }

    private static func terminal(_ device: Substring) -> String {
        guard let number = Int(device), number != 0 else { return "?" }
        return "pts/\(number & 0xff | (number >> 12) & 0xfff00)"
    }

    private static func clock(_ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        return "\(two(Int(parts.tm_hour))):\(two(Int(parts.tm_min)))"
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

extension Engine {
    /// `GET /containers/{id}/top`.
    public func top(_ name: String) async throws -> ContainerTop {
        let container = try container(name)
        guard await container.record.isRunning else { throw EngineError.notRunning(container.id) }
        do {
            return ProcessTable.top(try await services.manager.pids(container.id))
        } catch { throw EngineError.from(error) }
    }

    /// One sample of `GET /containers/{id}/stats`; all zero when the container does not run.
    public func stats(_ name: String) async throws -> ContainerStats {
        let container = try container(name)
        let record = await container.record
        var stats = ContainerStats()
        stats.name = "/" + record.name
        stats.id = record.id
        stats.read = Timestamp.now.description
        stats.preread = Timestamp.zero.description
        guard record.isRunning else { return stats }
        let usage: TaskUsage
        if let told = try? await services.manager.usage(record.id) {
            usage = told
        } else {
            let pids = (try? await services.manager.pids(record.id)) ?? []
            let sum = ProcessTable.usage(pids)
            usage = TaskUsage(
                user: sum.user, kernel: sum.kernel, memory: sum.memory, memoryPeak: 0, processes: UInt64(pids.count))
        }
        stats.cpu.usage.total = usage.user + usage.kernel
        stats.cpu.usage.kernel = usage.kernel
        stats.cpu.usage.user = usage.user
        stats.cpu.system = ProcessTable.systemUsage
        stats.cpu.online = Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        stats.memory.usage = usage.memory
        if usage.memoryPeak > 0 { stats.memory.maxUsage = usage.memoryPeak }
        stats.memory.stats = [:]
        let limit = record.hostConfig.memory
        stats.memory.limit =
            limit > 0 ? UInt64(limit) : UInt64(sysconf(CInt(_SC_PHYS_PAGES))) * UInt64(sysconf(CInt(_SC_PAGESIZE)))
        stats.blkio.serviceBytes = usage.blocks.flatMap { device in
            [("read", device.read), ("write", device.written)].map { op, value in
                ContainerStats.BlkioEntry(major: device.major, minor: device.minor, op: op, value: value)
            }
        }
        stats.pids.current = usage.processes
        if let limit = record.hostConfig.pidsLimit, limit > 0 { stats.pids.limit = UInt64(limit) }
        return stats
    }

    /// Whether the container runs, for streams that end with it.
    public func isRunning(_ name: String) async -> Bool {
        guard let container = try? container(name) else { return false }
        return await container.record.isRunning
    }
}
