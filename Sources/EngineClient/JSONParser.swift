/// Reads JSON texts (RFC 8259), one or several in a row.
public struct JSONParser {
    /// What is wrong with a text, and where.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        /// What was expected or found.
        public var reason: String
        /// The byte, counted from 0, at which reading stopped.
        public var offset: Int

        /// The failure in words.
        public var description: String { "not JSON: \(reason) at byte \(offset)" }
    }

    private let bytes: [UInt8]
    private var position = 0
    private static let deepest = 512

    /// A parser over `bytes`.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The one value that `bytes` hold.
    ///
    /// - Throws: `Failure` when they hold anything else.
    public static func parse(_ bytes: some Sequence<UInt8>) throws -> JSONValue {
        var parser = JSONParser(Array(bytes))
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.failure("something after the end") }
        return value
    }

    /// The one value that `text` holds.
    ///
    /// - Throws: `Failure` when it holds anything else.
    public static func parse(_ text: String) throws -> JSONValue { try parse(Array(text.utf8)) }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: position) }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    private func peek() throws -> UInt8 {
        guard position < bytes.count else { throw failure("the end came too early") }
        return bytes[position]
    }

    private mutating func take(_ byte: UInt8) throws -> Bool {
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < Self.deepest else { throw failure("too deep") }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("unknown word") }
        position += word.utf8.count
        return value
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard !text.isEmpty, Double(text) != nil else { throw failure("no value") }
        return .number(text)
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if try take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if try take(UInt8(ascii: "]")) { return .array(values) }
            guard try take(UInt8(ascii: ",")) else { throw failure("no comma in array") }
        }
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if try take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw failure("no name in object") }
            let name = try string()
            skipSpace()
            guard try take(UInt8(ascii: ":")) else { throw failure("no colon in object") }
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if try take(UInt8(ascii: "}")) { return .object(members) }
            guard try take(UInt8(ascii: ",")) else { throw failure("no comma in object") }
        }
    }

    private mutating func string() throws -> String {
        position += 1
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
            default: text.append(byte)
            }
        }
    }

    private mutating func escape() throws -> Character {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Character(Unicode.Scalar(byte))
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("unknown escape")
        }
    }

    private mutating func unicodeEscape() throws -> Character {
        let first = try hexadecimal()
        guard 0xD800..<0xDC00 ~= first, bytes[position...].starts(with: "\\u".utf8) else {
            return Character(Unicode.Scalar(first) ?? "\u{FFFD}")
        }
        let mark = position
        position += 2
        let second = try hexadecimal()
        guard 0xDC00..<0xE000 ~= second else {
            position = mark
            return "\u{FFFD}"
        }
        return Character(Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}")
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("the end came too early") }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard let value = UInt32(digits, radix: 16) else { throw failure("no hexadecimal digits") }
        position += 4
        return value
    }
}
