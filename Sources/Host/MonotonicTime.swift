import Glibc

/// Time that only goes forward, whoever sets the clock: CLOCK_MONOTONIC of clock_gettime(2).
public enum MonotonicTime {
    /// Nanoseconds since some moment before this process began.
    @inlinable public static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
