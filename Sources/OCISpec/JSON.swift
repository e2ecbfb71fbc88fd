import FoundationEssentials

/// JSON text of a value and back, in the one form that the chain writes: no escaped slashes, keys sorted.
public enum JSON {
    /// The JSON text of `value`; with `pretty`, indented as Go's programs do it, so that scripts that look for
    /// `"status": "running"` find it.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let bytes = [UInt8](try encoder.encode(value))
        return pretty ? indented(bytes) : bytes
    }

    /// The JSON text of an object whose members stand in this order; those that are nil are left out.
    public static func encode(members: [(name: String, value: (any Encodable)?)]) throws -> [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for case (let name, let value?) in members {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text += try encode(name) + [UInt8(ascii: ":")]
            text += try encode(value)
        }
        return text + [UInt8(ascii: "}")]
    }

    /// The value that `bytes` describe. Members that `type` does not know are passed over.
    ///
    /// - Throws: `JSONError`, which names the place in the text.
    public static func decode<T: Decodable>(_ type: T.Type = T.self, from bytes: [UInt8]) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw JSONError(error)
        }
    }

    /// A JSON text without spaces, laid out for people.
    public static func indented(_ compact: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var depth = 0
        var inString = false
        var escaped = false
        func newLine() {
            result.append(UInt8(ascii: "\n"))
            result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
        }
        for (index, byte) in compact.enumerated() {
            if inString {
                result.append(byte)
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            let isEmpty =
                index + 1 < compact.count
                && (compact[index + 1] == UInt8(ascii: "}") || compact[index + 1] == UInt8(ascii: "]"))
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                result.append(byte)
                if !isEmpty { newLine() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if result.last != UInt8(ascii: "{"), result.last != UInt8(ascii: "[") { newLine() }
                result.append(byte)
            case UInt8(ascii: ","):
                result.append(byte)
                newLine()
            case UInt8(ascii: ":"):
                result.append(contentsOf: [byte, UInt8(ascii: " ")])
            default:
                inString = byte == UInt8(ascii: "\"")
                result.append(byte)
            }
        }
        return result
    }
}
