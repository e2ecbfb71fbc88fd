/// A JSON document (RFC 8259), as far as the shim reads any: what the runtime prints, and annotations.
package enum JSONValue {
    case null
    case boolean(Bool)
    /// The digits as they stand: counters use all 64 bits.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// Reads the first value in `bytes`; nil when they hold none.
    package init?(_ bytes: [UInt8]) {
        var parser = Parser(bytes: bytes)
        guard let value = parser.value(depth: 0) else { return nil }
        self = value
    }

    /// A member of an object; `null` where there is none.
    package subscript(key: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members.first { $0.key == key }?.value ?? .null
    }

    /// The text of a string.
    package var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The value of a number that is a whole one and not negative; 0 for anything else.
    package var unsigned: UInt64 {
        if case .number(let digits) = self { return UInt64(digits) ?? 0 }
        return 0
    }

    /// The members of an array.
    package var elements: [JSONValue] {
        if case .array(let values) = self { return values }
        return []
    }

    private struct Parser {
        var bytes: [UInt8]
        var index = 0

        mutating func value(depth: Int) -> JSONValue? {
            guard depth < 64, let byte = next() else { return nil }
            switch byte {
            case UInt8(ascii: "{"): return object(depth)
            case UInt8(ascii: "["): return array(depth)
            case UInt8(ascii: "\""): return text().map { .string($0) }
            default: return word()
            }
        }

        /// The next byte that is no white space, not consumed.
        private mutating func next() -> UInt8? {
            while index < bytes.count {
                switch bytes[index] {
                case 0x20, 0x09, 0x0A, 0x0D: index += 1
                default: return bytes[index]
                }
            }
            return nil
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard next() == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        private mutating func object(_ depth: Int) -> JSONValue? {
            index += 1
            var members: [(key: String, value: JSONValue)] = []
            if take("}") { return .object(members) }
            repeat {
                guard next() == UInt8(ascii: "\""), let key = text(), take(":"), let value = value(depth: depth + 1)
                else { return nil }
                members.append((key, value))
            } while take(",")
            return take("}") ? .object(members) : nil
        }

        private mutating func array(_ depth: Int) -> JSONValue? {
            index += 1
            var values: [JSONValue] = []
            if take("]") { return .array(values) }
            repeat {
                guard let value = value(depth: depth + 1) else { return nil }
                values.append(value)
            } while take(",")
            return take("]") ? .array(values) : nil
        }

        private mutating func word() -> JSONValue? {
            let start = index
            scan: while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "E"),
                    UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    index += 1
                default: break scan
                }
            }
            let word = String(decoding: bytes[start..<index], as: UTF8.self)
            switch word {
            case "null": return .null
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            default: return word.utf8.contains { $0 >= 0x30 && $0 <= 0x39 } ? .number(word) : nil
            }
        }

        private mutating func text() -> String? {
            index += 1
            var text: [UInt8] = []
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"): guard escape(into: &text) else { return nil }
                default: text.append(byte)
                }
            }
            return nil
        }

        private mutating func escape(into text: inout [UInt8]) -> Bool {
            guard index < bytes.count else { return false }
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "u"):
                guard var code = hexadecimal() else { return false }
                if code & 0xFC00 == 0xD800, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                    bytes[index + 1] == UInt8(ascii: "u")
                {
                    index += 2
                    guard let low = hexadecimal() else { return false }
                    code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
                }
                text.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8))
            default: text.append(byte)
            }
            return true
        }

        private mutating func hexadecimal() -> UInt32? {
            guard index + 4 <= bytes.count else { return nil }
            let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
            index += 4
            return UInt32(digits, radix: 16)
        }
    }
}
