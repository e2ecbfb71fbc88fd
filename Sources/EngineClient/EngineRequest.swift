/// A request of the Engine API.
public struct EngineRequest: Sendable {
    /// What is sent along.
    public enum Body: Sendable {
        case none
        case json(JSONValue)
        /// A tar, in pieces, such as an image or a folder's content.
        case tar(any AsyncSequence<[UInt8], any Error> & Sendable)
    }

    /// The HTTP method.
    public var method: String
    /// The path below the version, such as `/containers/json`, with its parts already escaped.
    public var path: String
    /// The query; members whose value is nil are left out.
    public var query: [(name: String, value: String?)]
    /// The body.
    public var body: Body
    /// Headers beside those that every request has.
    public var headers: [(name: String, value: String)] = []
    /// Whether the path is used as it is, without the API version in front: only `/_ping` and `/version` do so.
    public var isUnversioned = false

    /// A request.
    public init(
        _ method: String, _ path: String, query: [(name: String, value: String?)] = [], body: Body = .none
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }

    /// The request's target (RFC 9112, 3.2): version, path and query.
    public func target(version: String?) -> String {
        let pairs = query.compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }
        return (version.map { "/v\($0)" } ?? "") + path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }
}

/// `text` as it may stand in a path's part or a query's value (RFC 3986): all but unreserved characters percent-encoded.
public func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.append(byte)
        default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}

/// `filters` as the Engine API wants them in a query: `{"name":["value", ...]}`; nil when there are none.
///
/// - Parameter filters: pairs of name and value.
public func filterQuery(_ filters: [(String, String)]) -> String? {
    guard !filters.isEmpty else { return nil }
    var object = JSONValue.object([])
    for (name, value) in filters {
        object[name] = .array((object[name]?.elements ?? []) + [.string(value)])
    }
    return object.compactText
}
