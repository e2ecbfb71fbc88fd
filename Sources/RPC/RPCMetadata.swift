/// The metadata of a call: names in lower case, several values to a name, order kept.
///
/// Values of names ending in `-bin` are bytes; all others are printable ASCII (gRPC over HTTP/2, "Custom-Metadata").
public struct RPCMetadata: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// The pairs in the order in which they came.
    public private(set) var pairs: [Pair] = []

    /// One name and one value.
    public struct Pair: Sendable, Hashable {
        /// In lower case.
        public var name: String
        /// Text as UTF-8, or bytes.
        public var value: [UInt8]
    }

    /// No metadata.
    public init() {}

    /// The pairs of a literal, in its order.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Adds a value beside those that `name` has.
    public mutating func add(_ name: String, _ value: String) {
        add(name, bytes: Array(value.utf8))
    }

    /// Adds bytes beside those that `name` has.
    public mutating func add(_ name: String, bytes: [UInt8]) {
        pairs.append(Pair(name: name.lowercased(), value: bytes))
    }

    /// The first value of `name`; setting replaces all its values, nil removes them.
    public subscript(name: String) -> String? {
        get { bytes(name).map { String(decoding: $0, as: UTF8.self) } }
        set {
            let key = name.lowercased()
            pairs.removeAll { $0.name == key }
            if let newValue { add(key, newValue) }
        }
    }

    /// The bytes of the first value of `name`.
    public func bytes(_ name: String) -> [UInt8]? {
        let key = name.lowercased()
        return pairs.first { $0.name == key }?.value
    }
}
