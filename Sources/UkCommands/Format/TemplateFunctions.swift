import EngineClient

/// The functions that a template may call: those of docker's `--format` and the usual ones of Go's text/template.
enum TemplateFunctions {
    static func call(_ name: String, _ arguments: [JSONValue]) throws -> JSONValue {
        func need(_ count: Int) throws {
            guard arguments.count >= count else { throw TemplateError("wrong number of args for \(name)") }
        }
        switch name {
        case "json":
            try need(1)
            return .string(arguments[0].compactText)
        case "lower", "upper", "title", "trim":
            try need(1)
            return .string(changeCase(name, text(arguments[0])))
        case "join":
            try need(2)
            return .string(arguments[0].elements.map(text).joined(separator: text(arguments[1])))
        case "split":
            try need(2)
            return .strings(
                text(arguments[0]).split(separator: text(arguments[1]), omittingEmptySubsequences: false).map(
                    String.init))
        case "truncate":
            try need(2)
            return .string(String(text(arguments[0]).prefix(Int(arguments[1].integer ?? 0))))
        case "pad":
            try need(3)
            let spaces = (1...2).map { String(repeating: " ", count: max(0, Int(arguments[$0].integer ?? 0))) }
            return .string(spaces[0] + text(arguments[0]) + spaces[1])
        case "len":
            try need(1)
            return .number(length(arguments[0]))
        case "index":
            try need(1)
            return try arguments.dropFirst().reduce(arguments[0], index)
        case "slice":
            try need(1)
            let all = text(arguments[0]).utf8
            let bounds = arguments.dropFirst().map { max(0, min(Int($0.integer ?? 0), all.count)) }
            let (low, high) = (bounds.first ?? 0, bounds.dropFirst().first ?? all.count)
            guard low <= high else { throw TemplateError("invalid slice index: \(low) > \(high)") }
            return .string(String(decoding: Array(all)[low..<high], as: UTF8.self))
        case "print": return .string(arguments.map(text).joined())
        case "println": return .string(arguments.map(text).joined(separator: " ") + "\n")
        case "printf":
            try need(1)
            return .string(formatted(text(arguments[0]), Array(arguments.dropFirst())))
        case "eq":
            try need(2)
            return .bool(arguments.dropFirst().contains { compare(arguments[0], $0) == 0 })
        case "ne", "lt", "le", "gt", "ge":
            try need(2)
            let order = compare(arguments[0], arguments[1])
            return .bool(
                ["ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0][name]!)
        case "and":
            try need(1)
            return arguments.first { !isTrue($0) } ?? arguments[arguments.count - 1]
        case "or":
            try need(1)
            return arguments.first(where: isTrue) ?? arguments[arguments.count - 1]
        case "not":
            try need(1)
            return .bool(!isTrue(arguments[0]))
        default: throw TemplateError("function \"\(name)\" not defined")
        }
    }

    /// A value as Go prints it with `%v`.
    static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "<no value>"
        case .bool(let value): value ? "true" : "false"
        case .number(let digits): digits
        case .string(let text): text
        case .array(let values): "[" + values.map(text).joined(separator: " ") + "]"
        case .object(let members):
            "map["
                + members.sorted { $0.name < $1.name }.map { "\($0.name):\(text($0.value))" }.joined(separator: " ")
                + "]"
        }
    }

    static func isTrue(_ value: JSONValue) -> Bool {
        switch value {
        case .null: false
        case .bool(let value): value
        case .number(let digits): Double(digits) != 0
        case .string(let text): !text.isEmpty
        case .array(let values): !values.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    private static func changeCase(_ name: String, _ text: String) -> String {
        switch name {
        case "lower": return text.lowercased()
        case "upper": return text.uppercased()
        case "title": return text.prefix(1).uppercased() + text.dropFirst()
        default:
            let start = text.drop { $0.isWhitespace }
            return String(start.reversed().drop { $0.isWhitespace }.reversed())
        }
    }

    private static func length(_ value: JSONValue) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .array(let values): values.count
        case .object(let members): members.count
        default: 0
        }
    }

    private static func index(_ value: JSONValue, _ key: JSONValue) throws -> JSONValue {
        if case .array(let values) = value {
            guard let position = key.integer, values.indices.contains(Int(position)) else {
                throw TemplateError("index out of range: \(text(key))")
            }
            return values[Int(position)]
        }
        guard case .object(let members) = value else { return .null }
        return members.first { $0.name == text(key) }?.value ?? .null
    }

    private static func compare(_ one: JSONValue, _ other: JSONValue) -> Int {
        if let left = one.double, let right = other.double { return left < right ? -1 : left > right ? 1 : 0 }
        let (left, right) = (text(one), text(other))
        return left < right ? -1 : left > right ? 1 : 0
    }

    private static func formatted(_ format: String, _ arguments: [JSONValue]) -> String {
        var result = ""
        var rest = arguments[...]
        var characters = Substring(format)
        while let character = characters.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            var flags = characters.prefix { "-0123456789.+".contains($0) }
            characters = characters.dropFirst(flags.count)
            let verb = characters.popFirst() ?? "%"
            if verb == "%" {
                result.append("%")
                continue
            }
            var piece = rest.popFirst().map { verb == "q" ? $0.compactText : text($0) } ?? "%!\(verb)(MISSING)"
            let left = flags.first == "-"
            if left { flags = flags.dropFirst() }
            let padding = String(repeating: " ", count: max(0, (Int(flags) ?? 0) - piece.count))
            piece = left ? piece + padding : padding + piece
            result += piece
        }
        return result
    }
}
