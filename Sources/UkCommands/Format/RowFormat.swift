import EngineClient

/// How a list is shown: as docker's table, as one JSON object a line, or through a template.
struct RowFormat {
    /// A column of the table: its title and the field of a row that it shows.
    struct Column {
        var title: String
        var field: String

        init(_ title: String, _ field: String) {
            self.title = title
            self.field = field
        }
    }

    /// What `--format` says; nil or "table" for the table of `columns`.
    var format: String?
    /// The columns of the table, in order.
    var columns: [Column]
    /// Titles of fields that only a template shows.
    var otherTitles: [String: String] = [:]
    /// Only the first column's values, one a line (`-q`).
    var quietField: String?

    /// The lines for `rows`, objects whose members are the fields.
    func lines(_ rows: [JSONValue]) throws -> [String] {
        if let quietField, format == nil { return rows.map { text($0[quietField]) } }
        switch format {
        case nil, "table", "":
            var table = Table(header: columns.map(\.title))
            for row in rows { table.append(columns.map { text(row[$0.field]) }) }
            return table.lines
        case "json":
            return rows.map { row in
                JSONValue.object(row.members.sorted { $0.name < $1.name }).compactText
            }
        case let format?:
            guard format.hasPrefix("table ") || format.hasPrefix("table\\t") else {
                let template = try Template(Self.unescaped(format))
                return try rows.map { try template.text(for: $0) }
            }
            let body = Self.unescaped(String(format.dropFirst(5)).trimmed)
            var table = Table()
            for text in [try Template(body).text(for: titles(rows))]
                + (try rows.map { try Template(body).text(for: $0) })
            {
                table.append(text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
            }
            return table.lines
        }
    }

    private func titles(_ rows: [JSONValue]) -> JSONValue {
        var titles = JSONValue.object([])
        for member in rows.first?.members ?? [] { titles[member.name] = .string(member.name.uppercased()) }
        for (field, title) in otherTitles { titles[field] = .string(title) }
        for column in columns { titles[column.field] = .string(column.title) }
        return titles
    }

    private func text(_ value: JSONValue?) -> String { value.map(TemplateFunctions.text) ?? "" }

    /// The shell hands over `\t` and `\n` as two characters.
    static func unescaped(_ text: String) -> String { text.replacing("\\t", with: "\t").replacing("\\n", with: "\n") }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
