/// Durations as Go writes them: `5s`, `1m30s`, `250ms`.
public enum GoDuration {
    /// The milliseconds that `text` comes to; nil for text that is no duration, or a negative one.
    public static func milliseconds(_ text: some StringProtocol) -> Int64? {
        if text == "0" { return 0 }
        let units: [String: Double] = [
            "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000,
        ]
        var total = 0.0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(String(digits)), let factor = units[String(unit)] else { return nil }
            total += number * factor
        }
        return total < 1e12 ? Int64(total) : nil
    }
}
