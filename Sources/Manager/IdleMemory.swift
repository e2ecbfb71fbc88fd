import CPoll
import Glibc

/// Gives memory back to the system while nothing is asked of the program: most of what it maps is its own code.
enum IdleMemory {
    /// Keeps malloc from opening an arena for every thread. Call before there are threads.
    static func prepare() { mallopt(M_ARENA_MAX, 2) }

    /// Looks from time to time whether the program has come to rest after work, and then gives back what it can.
    static func watch() {
        Task(priority: .background) {
            var (last, released) = (processorTime(), false)
            try await Task.sleep(for: .seconds(2))
            while true {
                let now = processorTime()
                // Less than 2 ms of work in a period is no more than timers.
                if now - last > 2000 {
                    released = false
                } else if !released {
                    release()
                    released = true
                }
                last = processorTime()
                try await Task.sleep(for: .seconds(20))
            }
        }
    }

    static func release() {
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
}
