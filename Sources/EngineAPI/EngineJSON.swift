import FoundationEssentials

/// JSON as the Engine API has it: one object a body or a line, UTF-8.
public enum EngineJSON {
    /// Encodes `value` on one line, keys in order.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// Decodes one value.
    ///
    /// - Throws: `DecodingError`, which names the field.
    public static func decode<T: Decodable>(_ type: T.Type, from bytes: some Sequence<UInt8>) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
