extension JSONValue {
    /// The value on one line, without spaces.
    public var compactText: String {
        var text = ""
        write(to: &text, indent: nil, level: 0)
        return text
    }

    /// The value over several lines, each level indented by `indent`, as Go's `json.MarshalIndent` lays it out.
    public func indentedText(_ indent: String = "    ") -> String {
        var text = ""
        write(to: &text, indent: indent, level: 0)
        return text
    }

    private func write(to text: inout String, indent: String?, level: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): JSONValue.write(value, to: &text)
        case .array(let values):
            JSONValue.write(values, between: ("[", "]"), to: &text, indent: indent, level: level) { value, text in
                value.write(to: &text, indent: indent, level: level + 1)
            }
        case .object(let members):
            JSONValue.write(members, between: ("{", "}"), to: &text, indent: indent, level: level) { member, text in
                JSONValue.write(member.name, to: &text)
                text += indent == nil ? ":" : ": "
                member.value.write(to: &text, indent: indent, level: level + 1)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], between brackets: (String, String), to text: inout String, indent: String?, level: Int,
        item: (Item, inout String) -> Void
    ) {
        func newLine(_ level: Int) -> String {
            guard let indent, !items.isEmpty else { return "" }
            return "\n" + String(repeating: indent, count: level)
        }
        text += brackets.0
        for (index, value) in items.enumerated() {
            if index > 0 { text += "," }
            text += newLine(level + 1)
            item(value, &text)
        }
        text += newLine(level) + brackets.1
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
