import Glibc

/// A moment, in nanoseconds since 1970-01-01 UTC.
public struct Timestamp: Sendable, Comparable {
    /// Nanoseconds since the epoch.
    public var nanoseconds: Int64

    /// A moment `nanoseconds` after the epoch.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// A moment `seconds` after the epoch.
    public init(seconds: Int64) { self.nanoseconds = seconds * 1_000_000_000 }

    /// This moment.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The seconds since the epoch, as the Engine API's queries take them.
    public var seconds: Int64 { nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000).quotient }

    /// Reads RFC 3339 (`2026-11-24T08:00:00.123456789Z`), a part of it (date; date and time, taken as local time),
    /// or nil for anything else, and for Go's zero time.
    public init?(_ text: String) {
        let date = text.split(separator: "T", maxSplits: 1)
        let days = date.first?.split(separator: "-").map { Int32($0) } ?? []
        guard days.count == 3, let year = days[0], let month = days[1], let day = days[2], year > 1 else { return nil }
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday, fields.tm_isdst) = (year - 1900, month - 1, day, -1)
        var nanoseconds: Int64 = 0
        var offset: Int64?
        if date.count == 2 {
            var clock = date[1]
            if clock.last == "Z" {
                clock.removeLast()
                offset = 0
            } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
                let zone = clock[clock.index(after: sign)...].split(separator: ":").map { Int64($0) }
                guard zone.count == 2, let hours = zone[0], let minutes = zone[1] else { return nil }
                offset = (hours * 3600 + minutes * 60) * (clock[sign] == "-" ? -1 : 1)
                clock = clock[..<sign]
            }
            let parts = clock.split(separator: ":")
            guard (1...3).contains(parts.count), let hour = Int32(parts[0]) else { return nil }
            fields.tm_hour = hour
            if parts.count > 1 {
                guard let minute = Int32(parts[1]) else { return nil }
                fields.tm_min = minute
            }
            if parts.count > 2 {
                let second = parts[2].split(separator: ".")
                guard let whole = second.first.flatMap({ Int32($0) }) else { return nil }
                fields.tm_sec = whole
                if second.count > 1 {
                    guard let fraction = Int64((second[1] + "000000000").prefix(9)) else { return nil }
                    nanoseconds = fraction
                }
            }
        }
        let seconds = offset == nil ? Int64(mktime(&fields)) : Int64(timegm(&fields)) - offset!
        self.nanoseconds = seconds * 1_000_000_000 + nanoseconds
    }

    /// Whether `one` comes before `other`.
    public static func < (one: Timestamp, other: Timestamp) -> Bool { one.nanoseconds < other.nanoseconds }

    /// The moment that a `--since` or `--until` names, as the Engine API takes it: a duration back from now (`10m`,
    /// `1h30m`), a date or time, or seconds since the epoch. Nil for anything else.
    public static func query(_ text: String, now: Timestamp = .now) -> String? {
        if text.first?.isNumber == true, text.allSatisfy({ $0.isNumber || $0 == "." }) { return text }
        if let duration = Durations.parse(text) { return Timestamp(nanoseconds: now.nanoseconds - duration).queryText }
        return Timestamp(text)?.queryText
    }

    private var queryText: String {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let digits = String(rest)
        return "\(seconds)." + String(repeating: "0", count: 9 - digits.count) + digits
    }

    /// Local time as docker prints it: `2026-11-24 08:00:00 +0000 UTC`.
    public var localText: String { format("%Y-%m-%d %H:%M:%S %z %Z") }

    /// Local time with nanoseconds, RFC 3339.
    public var preciseText: String {
        let digits = String(nanoseconds % 1_000_000_000)
        let fraction = String(repeating: "0", count: 9 - digits.count) + digits
        let zone = format("%z")
        return format("%Y-%m-%dT%H:%M:%S") + "." + fraction
            + (zone == "+0000" ? "Z" : zone.prefix(3) + ":" + zone.suffix(2))
    }

    private func format(_ pattern: String) -> String {
        var time = time_t(seconds)
        var fields = tm()
        localtime_r(&time, &fields)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, pattern, &fields)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
