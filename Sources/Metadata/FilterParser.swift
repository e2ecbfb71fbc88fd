import RPC

/// Parses one filter: selectors joined by commas.
struct FilterParser {
    private let text: String
    private var rest: Substring

    private init(_ text: String) {
        self.text = text
        rest = text[...]
    }

    static func parse(_ text: String) throws -> [Filter.Selector] {
        var parser = FilterParser(text)
        return try parser.selectors()
    }

    private mutating func selectors() throws -> [Filter.Selector] {
        skipSpace()
        if rest.isEmpty { return [] }
        var result = [try selector()]
        while true {
            skipSpace()
            guard let next = rest.first else { return result }
            guard next == "," else { throw failure("expected , or end of filter") }
            rest.removeFirst()
            skipSpace()
            result.append(try selector())
        }
    }

    private mutating func selector() throws -> Filter.Selector {
        let path = try fieldPath()
        skipSpace()
        guard let first = rest.first, first != "," else {
            return Filter.Selector(path: path, operation: .present, value: "")
        }
        let operation: Filter.Selector.Operation
        switch rest.prefix(2) {
        case "==": operation = .equal
        case "!=": operation = .notEqual
        case "~=": operation = .matches
        default: throw failure("expected an operator (\"==\"|\"!=\"|\"~=\")")
        }
        rest.removeFirst(2)
        skipSpace()
        let value = try self.value(quotes: operation == .matches ? "\"|/" : "\"")
        var selector = Filter.Selector(path: path, operation: operation, value: value)
        if operation == .matches {
            do {
                selector.pattern = try Pattern(value)
            } catch {
                throw failure("\"\(value)\" is no regular expression")
            }
        }
        return selector
    }

    private mutating func fieldPath() throws -> [String] {
        var path = [try field()]
        while rest.first == "." {
            rest.removeFirst()
            path.append(try field())
        }
        return path
    }

    private mutating func field() throws -> String {
        if rest.first == "\"" { return try quoted() }
        let name = rest.prefix { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
        guard !name.isEmpty else { throw failure("expected field or quoted") }
        rest = rest[name.endIndex...]
        return String(name)
    }

    /// - Parameter quotes: those that only regular expressions have are plain text elsewhere, as in a topic.
    private mutating func value(quotes: String) throws -> String {
        if let quote = rest.first, quotes.contains(quote) { return try quoted() }
        let value = rest.prefix { $0 != "," && !$0.isWhitespace }
        guard !value.isEmpty else { throw failure("expected value or quoted") }
        rest = rest[value.endIndex...]
        return String(value)
    }

    private mutating func quoted() throws -> String {
        let start = rest
        let quote = rest.removeFirst()
        var result = ""
        while let next = rest.popFirst() {
            if next == quote { return result }
            guard next == "\\" else {
                result.append(next)
                continue
            }
            guard let escaped = rest.popFirst() else { break }
            switch escaped {
            case quote, "\\": result.append(escaped)
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            // Within |...| and /.../ a backslash belongs to the regular expression.
            default: result.append(contentsOf: quote == "\"" ? "\(escaped)" : "\\\(escaped)")
            }
        }
        rest = start
        throw failure("quoted literal not terminated")
    }

    private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

    private func failure(_ message: String) -> RPCError {
        let before = text[..<rest.startIndex]
        return RPCError.invalidArgument(
            "filters: parse error: [\(before) >|\(rest.prefix(1))|< \(rest.dropFirst())]: \(message)")
    }
}
