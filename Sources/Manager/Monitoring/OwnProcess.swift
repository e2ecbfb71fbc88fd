import Glibc
import Host

/// What the system tells of this process at this moment.
struct OwnProcess {
    let processorSeconds: Double
    let residentBytes: Int
    let virtualBytes: Int
    let threads: Int
    let descriptors: Int
    let descriptorLimit: UInt64
    /// Seconds since 1970.
    let startSeconds: Double

    init() {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        processorSeconds =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        let pages = (readSmallFile("/proc/self/statm") ?? "").split(separator: " ").compactMap { Int($0) }
        let pageSize = sysconf(CInt(_SC_PAGESIZE))
        virtualBytes = (pages.first ?? 0) * pageSize
        residentBytes = (pages.dropFirst().first ?? 0) * pageSize
        // From the third field of proc_pid_stat(5) on.
        let fields = Processes.statFields(of: getpid()) ?? []
        threads = fields.count > 17 ? Int(fields[17]) ?? 0 : 0
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        descriptorLimit = UInt64(limit.rlim_cur)
        var count = 0
        if let folder = opendir("/proc/self/fd") {
            while readdir(folder) != nil { count += 1 }
            closedir(folder)
        }
        // Without `.`, `..` and the folder's own.
        descriptors = max(0, count - 3)
        var (now, boot) = (timespec(), timespec())
        clock_gettime(CLOCK_REALTIME, &now)
        clock_gettime(CLOCK_BOOTTIME, &boot)
        let ticks = Double(fields.count > 19 ? UInt64(fields[19]) ?? 0 : 0) / Double(sysconf(CInt(_SC_CLK_TCK)))
        func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 }
        startSeconds = ((seconds(now) - seconds(boot) + ticks) * 100).rounded() / 100
    }
}
