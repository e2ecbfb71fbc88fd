/// A JSON value (RFC 8259) that keeps the order of an object's members and the digits of a number.
///
/// The client mostly shows what the engine says, as it says it: `inspect` prints members in the engine's order, and
/// templates reach fields by name. So values stay values rather than becoming types that would drop what they do not know.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number's text, as it was written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable, Hashable {
        /// The member's name.
        public var name: String
        /// The member's value.
        public var value: JSONValue

        /// A member called `name`.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The member called `name`: exactly, or else without regard to case; nil when there is none or this is no object.
    public subscript(name: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            if let exact = members.first(where: { $0.name == name }) { return exact.value }
            let folded = name.lowercased()
            return members.first { $0.name.lowercased() == folded }?.value
        }
        set {
            var members: [Member] = []
            if case .object(let existing) = self { members = existing }
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name, value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }

    /// The text of a string, else nil.
    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// A number as a whole number; nil for anything else, and for what does not fit.
    public var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text) ?? Double(text).flatMap { Int64(exactly: $0.rounded()) }
    }

    /// A number as a floating-point number.
    public var double: Double? {
        guard case .number(let text) = self else { return nil }
        return Double(text)
    }

    /// A boolean, else nil.
    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements of an array; empty for anything else.
    public var elements: [JSONValue] {
        if case .array(let values) = self { return values }
        return []
    }

    /// The members of an object; empty for anything else.
    public var members: [Member] {
        if case .object(let members) = self { return members }
        return []
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// A whole number.
    public static func number(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// An array of strings.
    public static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; the members keep their order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
}
