/// A moment in UTC, to the nanosecond, written as RFC 3339 with as many digits as needed (Go's `RFC3339Nano`).
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970.
    public var seconds: Int64
    /// Nanoseconds beyond, 0 to 999,999,999.
    public var nanoseconds: Int32

    /// A moment.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The moment that the API writes for "never": 0001-01-01T00:00:00Z.
    public static let zero = Timestamp(seconds: -62_135_596_800)

    /// Nanoseconds since 1970.
    public var nanosecondsSince1970: Int64 { seconds &* 1_000_000_000 &+ Int64(nanoseconds) }

    /// A moment as nanoseconds since 1970.
    public init(nanosecondsSince1970 value: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(
            seconds: remainder < 0 ? quotient - 1 : quotient,
            nanoseconds: Int32(remainder < 0 ? remainder + 1_000_000_000 : remainder))
    }

    /// By time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// For people to read.
    public var description: String { text(padded: false) }

    /// The moment with all nine digits, as `logs --timestamps` prints it.
    public var padded: String { text(padded: true) }

    private func text(padded: Bool) -> String {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = seconds - days * 86400
        let (year, month, day) = Timestamp.civil(days)
        var text =
            "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T"
            + "\(digits(second / 3600, 2)):\(digits(second / 60 % 60, 2)):\(digits(second % 60, 2))"
        if nanoseconds != 0 || padded {
            var fraction = digits(Int64(nanoseconds), 9)
            if !padded { while fraction.last == "0" { fraction.removeLast() } }
            text += "." + fraction
        }
        return text + "Z"
    }

    /// Reads RFC 3339 with any number of digits and any offset, or seconds since 1970 with a fraction (`1136073600.5`), as the
    /// `since` and `until` parameters have it. Nil when it is neither.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if let moment = Timestamp.rfc3339(bytes) ?? Timestamp.unix(text) { self = moment } else { return nil }
    }

    private static func unix(_ text: some StringProtocol) -> Timestamp? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let seconds = Int64(first) else { return nil }
        guard parts.count == 2 else { return Timestamp(seconds: seconds) }
        guard let nanoseconds = fraction(Array(parts[1].utf8)) else { return nil }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static func fraction(_ digits: [UInt8]) -> Int32? {
        guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return (digits + Array(repeating: 48, count: 9)).prefix(9).reduce(0) { $0 * 10 + Int32($1 - 48) }
    }

    private static func rfc3339(_ bytes: [UInt8]) -> Timestamp? {
        guard bytes.count >= 20, bytes[4] == 45, bytes[7] == 45, bytes[10] | 32 == 116, bytes[13] == 58, bytes[16] == 58
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            return bytes[range].reduce(Int64?.some(0)) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int64(byte - 48)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), (1...12).contains(month),
            (1...31).contains(day), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19)
        else { return nil }
        var rest = bytes[19...]
        var nanoseconds: Int32 = 0
        if rest.first == 46 {
            let digits = rest.dropFirst().prefix { (48...57).contains($0) }
            guard let value = fraction(Array(digits)) else { return nil }
            nanoseconds = value
            rest = rest.dropFirst(1 + digits.count)
        }
        var offset: Int64 = 0
        if rest.count == 1, rest[rest.startIndex] | 32 == 122 {
        } else if rest.count == 6, let sign = rest.first, sign == 43 || sign == 45,
            let hours = number(rest.startIndex + 1..<rest.startIndex + 3),
            let minutes = number(rest.startIndex + 4..<rest.startIndex + 6)
        {
            offset = (hours * 3600 + minutes * 60) * (sign == 43 ? 1 : -1)
        } else {
            return nil
        }
        let days = Timestamp.days(year, month, day)
        return Timestamp(
            seconds: days * 86400 + hour * 3600 + minute * 60 + second - offset, nanoseconds: nanoseconds)
    }

    /// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar. The year is taken to begin in March,
    /// which puts the leap day last.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

private func digits(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}
