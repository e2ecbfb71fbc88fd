import CPoll
import Glibc
import Host

/// Gives memory back to the system while nothing is asked of the program: most of what it maps is its own code.
public enum IdleMemory {
    /// Keeps malloc from opening an arena for every thread, and from giving pages back between one piece of a stream and the
    /// next: being given them again costs more than all else that is done with a piece. Call before there are threads.
    public static func prepare() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 8 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
    }

    /// Looks from time to time whether the program is at rest and holds more than it needs for that, and then gives back
    /// what it can.
    public static func watch() {
        Task {
            var (last, least) = (0, 0)
            try await Task.sleep(for: .seconds(2))
            while true {
                let now = processorTime()
                // The C core's timers alone take some milliseconds.
                let isAtRest = last == 0 || now - last < 50_000
                if isAtRest, residentPages() > least + 512 {
                    release()
                    least = residentPages()
                }
                last = now
                try await Task.sleep(for: .seconds(20))
            }
        }
    }

    private static func release() {
        malloc_trim(0)
        cpoll_release_code()
    }

    /// Microseconds of processor time that the process has used.
    private static func processorTime() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + usage.ru_utime.tv_usec
            + usage.ru_stime.tv_usec
    }

    /// Pages of the process that are in memory.
    private static func residentPages() -> Int {
        let fields = readSmallFile("/proc/self/statm")?.split(separator: " ") ?? []
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }
}
