import RPC

/// containerd's filter language: `name==x`, `labels."k"!=v`, `id~=^a`, presence (`labels.k`); `,` means and.
///
/// A list of filters matches what any one of them matches; an empty list matches everything. Fields and values may be
/// quoted with `"`, regular expressions also with `|` or `/`, all with backslash escapes.
public struct Filter: Sendable {
    /// One comparison.
    struct Selector: Sendable {
        enum Operation: Sendable { case present, equal, notEqual, matches }

        var path: [String]
        var operation: Operation
        var value: String
        /// Compiled from `value` for `matches`.
        var pattern: Pattern?

        func matches(_ object: some Filterable) -> Bool {
            let found = object.field(path)
            return switch operation {
            case .present: found != nil
            case .equal: found == value
            case .notEqual: found != value
            case .matches: found.map { pattern?.isFound(in: $0) ?? false } ?? false
            }
        }
    }

    private let alternatives: [[Selector]]

    /// Matches everything.
    public static let all = Filter(alternatives: [])

    private init(alternatives: [[Selector]]) { self.alternatives = alternatives }

    /// Parses a list of filters, of which one has to match.
    ///
    /// - Throws: `RPCError` (invalid argument) that points at the place of the error.
    public init(_ filters: [String]) throws {
        let parsed = try filters.map { try FilterParser.parse($0) }
        // An empty filter matches everything, whatever stands beside it.
        alternatives = parsed.contains { $0.isEmpty } ? [] : parsed
    }

    /// Whether this filter matches everything.
    public var matchesAll: Bool { alternatives.isEmpty }

    /// Whether `object` is matched.
    public func matches(_ object: some Filterable) -> Bool {
        alternatives.isEmpty || alternatives.contains { $0.allSatisfy { $0.matches(object) } }
    }
}
