/// Sizes in bytes, as people read and write them.
public enum Sizes {
    /// A size with decimal units and up to three digits, such as `2.14MB`.
    public static func decimal(_ bytes: Int64) -> String {
        scaled(Double(bytes), by: 1000, ["B", "kB", "MB", "GB", "TB", "PB"], digits: 3)
    }

    /// A size with binary units and up to four digits, such as `7.664GiB`.
    public static func binary(_ bytes: Int64) -> String {
        scaled(Double(bytes), by: 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], digits: 4)
    }

    /// The bytes of a size such as `512m`, `1.5GiB` or `1024`: units are powers of 1024; nil for what is no size.
    public static func parse(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        var unit = text.dropFirst(digits.count).lowercased()
        if unit.first == " " { unit.removeFirst() }
        guard let number = Double(digits), number >= 0 else { return nil }
        if unit.hasSuffix("ib") {
            unit.removeLast(2)
            guard !unit.isEmpty else { return nil }
        } else if unit.hasSuffix("b") {
            unit.removeLast()
        }
        guard let power = ["", "k", "m", "g", "t", "p"].firstIndex(of: unit) else { return nil }
        return Int64(exactly: (number * Double(Int64(1) << (10 * Int64(power)))).rounded(.down))
    }

    private static func scaled(_ value: Double, by step: Double, _ units: [String], digits: Int) -> String {
        var value = value
        var unit = 0
        while value >= step, unit < units.count - 1 {
            value /= step
            unit += 1
        }
        return significant(value, digits) + units[unit]
    }

    /// `value` with at most `digits` significant digits and no zeros at its end, as C's `%.4g` gives it.
    static func significant(_ value: Double, _ digits: Int) -> String {
        var whole = 1
        while value >= Double(whole) * 10, whole < 1_000_000_000 { whole *= 10 }
        let wholeDigits = String(whole).count
        return fixed(value, max(0, digits - wholeDigits), trim: true)
    }

    /// `value` with `places` digits after the point; `trim` drops zeros at the end.
    static func fixed(_ value: Double, _ places: Int, trim: Bool = false) -> String {
        let factor = (0..<places).reduce(1.0) { product, _ in product * 10 }
        let scaled = Int64((abs(value) * factor).rounded())
        var text = String(scaled)
        if places > 0 {
            text = String(repeating: "0", count: max(0, places + 1 - text.count)) + text
            text.insert(".", at: text.index(text.endIndex, offsetBy: -places))
            if trim {
                while text.last == "0" { text.removeLast() }
                if text.last == "." { text.removeLast() }
            }
        }
        return value < 0 && scaled != 0 ? "-" + text : text
    }
}
