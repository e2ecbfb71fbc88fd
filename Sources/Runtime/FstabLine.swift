/// One line of an fstab(5) file.
public struct FstabLine: Sendable, Equatable {
    /// First field, such as a device or a folder.
    public var source: String
    /// Second field: where it is mounted.
    public var target: String
    /// Third field.
    public var type: String
    /// Fourth field, taken apart at its commas.
    public var options: [String]

    /// Reads a line; nil for an empty one and a comment.
    ///
    /// - Throws: `RuntimeError` for a line of fewer than four fields.
    public init?(_ line: some StringProtocol) throws {
        let fields = line.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard let first = fields.first, first.first != UInt8(ascii: "#") else { return nil }
        guard fields.count >= 4 else {
            throw RuntimeError("fstab line has \(fields.count) fields in place of 4: \(line)")
        }
        let texts = fields.map { FstabLine.unescape(Array($0)) }
        source = texts[0]
        target = texts[1]
        type = texts[2]
        options = FstabLine.split(texts[3])
    }

    /// Resolves `\040` and its like.
    private static func unescape(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes[(index + 1)...].prefix(3)
            if bytes[index] == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                result.append(value)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Splits options at commas that no backslash precedes (overlay's paths may hold such ones).
    private static func split(_ text: String) -> [String] {
        var options: [String] = []
        var option = ""
        var escaped = false
        for character in text {
            if character == ",", !escaped {
                options.append(option)
                option = ""
            } else {
                option.append(character)
            }
            escaped = character == "\\" && !escaped
        }
        options.append(option)
        return options.filter { !$0.isEmpty }
    }
}
