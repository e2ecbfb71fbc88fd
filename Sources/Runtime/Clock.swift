import Glibc

/// The time of day in the form that logs and states have: RFC 3339, UTC.
public enum Clock {
    /// Now, with nanoseconds if `fraction`.
    public static func now(fraction: Bool = false) -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
            + "T\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
            + (fraction ? "." + padded(time.tv_nsec, 9) : "") + "Z"
    }
}
