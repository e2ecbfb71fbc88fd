import FoundationEssentials

/// JSON text of a value and back, in the one form that the chain writes: no escaped slashes, keys sorted.
public enum JSON {
    /// The JSON text of `value`; with `pretty`, indented for people.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted] : [.withoutEscapingSlashes, .sortedKeys]
        return [UInt8](try encoder.encode(value))
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
}
