import TOMLKit

/// Text in TOML 1.0.
public enum TOMLText {
    /// The root table of `text`.
    ///
    /// - Throws: `SettingsError` with the place in `file`, for what is no TOML.
    public static func parse(_ text: String, file: String) throws -> TOMLTable {
        if let (line, expected) = fatalMistake(text) { throw SettingsError("\(file):\(line): expected \(expected)") }
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw SettingsError(
                "\(file):\(error.source.begin.line):\(error.source.begin.column): \(error.description)")
        }
    }

    /// The first of those mistakes on which TOMLKit's parser ends the program: a table header that does not begin with a
    /// name, and a brace in place of an array's value.
    private static func fatalMistake(_ text: String) -> (line: Int, expected: String)? {
        var bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var (index, line, depth, isLineStart, previous) = (0, 1, 0, true, UInt8(0))
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                isLineStart = true
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                continue
            case UInt8(ascii: "#"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                line += skipString(bytes, &index, quote: byte)
            case UInt8(ascii: "[") where isLineStart && depth == 0:
                if index < bytes.count, bytes[index] == byte { index += 1 }
                while index < bytes.count, bytes[index] == 32 || bytes[index] == 9 { index += 1 }
                if index < bytes.count, !isNameStart(bytes[index]) {
                    return (line, "the name of a table")
                }
                // The header's own brackets are no array's.
                depth = -1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
            case UInt8(ascii: "}") where previous == UInt8(ascii: "[") || previous == UInt8(ascii: ","):
                return (line, "a value")
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth = max(0, depth - 1)
            default: break
            }
            isLineStart = false
            if byte != UInt8(ascii: "#") { previous = byte }
        }
        return nil
    }

    /// Goes past a string whose first quote has been read.
    ///
    /// - Returns: the number of its line ends.
    private static func skipString(_ bytes: [UInt8], _ index: inout Int, quote: UInt8) -> Int {
        let isLong = index + 1 < bytes.count && bytes[index] == quote && bytes[index + 1] == quote
        if isLong { index += 2 }
        var lines = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") {
                // A short string that is not closed.
                if !isLong { return lines }
                lines += 1
            }
            index += 1
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                index += 1
            } else if byte == quote {
                guard isLong else { return lines }
                if index + 1 < bytes.count, bytes[index] == quote, bytes[index + 1] == quote {
                    index += 2
                    return lines
                }
            }
        }
        return lines
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""),
            UInt8(ascii: "'"):
            true
        default: false
        }
    }
}
