/// A regular expression of a filter.
struct Pattern: @unchecked Sendable {
    // `Regex` is a value that is never changed after it was compiled, but does not say that it is Sendable.
    private let regex: Regex<AnyRegexOutput>

    init(_ text: String) throws { regex = try Regex(text) }

    func isFound(in text: String) -> Bool { text.firstMatch(of: regex) != nil }
}
