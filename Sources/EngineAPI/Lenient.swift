/// A value that has a blank form: what a client means by leaving a field out or by sending `null`.
public protocol Blank {
    /// The blank value.
    init()
}

extension Bool: Blank {}
extension Int: Blank {}
extension Int64: Blank {}
extension UInt16: Blank {}
extension UInt32: Blank {}
extension UInt64: Blank {}
extension String: Blank {}
extension Array: Blank {}
extension Dictionary: Blank {}

/// An object without fields, the value type of the API's sets (`"ExposedPorts": {"80/tcp": {}}`).
public struct EmptyObject: Codable, Sendable, Equatable, Blank {
    /// The object.
    public init() {}
}

/// A field that reads as its blank value when it is missing or null, as Go's decoder has it.
@propertyWrapper
public struct Lenient<Value: Codable & Sendable & Equatable & Blank>: Codable, Sendable, Equatable {
    /// The field's value.
    public var wrappedValue: Value

    /// A field with this value.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    /// A blank field.
    public init() { wrappedValue = Value() }

    /// Reads it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? Value() : try container.decode(Value.self)
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

/// A command line: the API takes a list of words or one string, and means a list of one by the latter.
@propertyWrapper
public struct Words: Codable, Sendable, Equatable {
    /// The words; nil when the field is missing or null.
    public var wrappedValue: [String]?

    /// A field with these words.
    public init(wrappedValue: [String]?) { self.wrappedValue = wrappedValue }

    /// Reads it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            wrappedValue = nil
        } else if let word = try? container.decode(String.self) {
            wrappedValue = [word]
        } else {
            wrappedValue = try container.decode([String].self)
        }
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let words = wrappedValue { try container.encode(words) } else { try container.encodeNil() }
    }
}

extension KeyedDecodingContainer {
    /// Reads a field that may be missing; the compiler's synthesized decoding picks this overload.
    public func decode<Value>(_ type: Lenient<Value>.Type, forKey key: Key) throws -> Lenient<Value> {
        try decodeIfPresent(type, forKey: key) ?? Lenient()
    }

    /// Reads a field that may be missing.
    public func decode(_ type: Words.Type, forKey key: Key) throws -> Words {
        try decodeIfPresent(type, forKey: key) ?? Words(wrappedValue: nil)
    }
}
