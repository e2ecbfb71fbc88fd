/// Durations as Go writes them: `5s`, `1m30s`, `250ms`.
public enum GoDuration {
    /// - Throws: `RuntimeError` for text that is no duration longer than nothing.
    public static func milliseconds(_ text: String) throws -> Int64 {
        let units: [String: Double] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
        var total = 0.0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = units[String(unit)] else {
                throw RuntimeError("invalid duration \"\(text)\"")
            }
            total += number * factor
        }
        guard total >= 1, total < 1e12 else { throw RuntimeError("duration interval must be greater than 0") }
        return Int64(total)
    }
}
