/// The `filters` parameter: values by name, sent as `{"name": ["a", "b"]}` or, by older clients,
/// `{"name": {"a": true}}`.
public struct Filters: Sendable, Equatable {
    /// Values by filter name.
    public var values: [String: [String]]

    /// Filters with these values.
    public init(_ values: [String: [String]] = [:]) { self.values = values }

    /// Reads the parameter's JSON.
    ///
    /// - Throws: `DecodingError` when it has neither form.
    public init(json: String) throws {
        if let lists = try? EngineJSON.decode([String: [String]].self, from: json.utf8) {
            values = lists
        } else {
            values = try EngineJSON.decode([String: [String: Bool]].self, from: json.utf8)
                .mapValues { $0.filter(\.value).keys.sorted() }
        }
    }

    /// The parameter's JSON.
    public func json() throws -> String { String(decoding: try EngineJSON.encode(values), as: UTF8.self) }

    /// The values of one filter; empty when it was not given.
    public subscript(name: String) -> [String] { values[name] ?? [] }

    /// Whether `value` passes the filter `name`: it does when the filter was not given or lists it.
    public func allows(_ name: String, _ value: String) -> Bool { values[name].map { $0.contains(value) } ?? true }
}
