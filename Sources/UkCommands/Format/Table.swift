/// Text in columns, aligned as docker aligns them: cells at least ten wide, three spaces between.
public struct Table: Sendable {
    private var rows: [[String]]

    /// A table with a first row; none when it is empty.
    public init(header: [String] = []) { rows = header.isEmpty ? [] : [header] }

    /// Adds a row.
    public mutating func append(_ row: [String]) { rows.append(row) }

    /// The table's lines. The last column is not padded.
    public var lines: [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.dropLast().enumerated() {
                if column == widths.count { widths.append(10) }
                widths[column] = max(widths[column], cell.count + 3)
            }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count) }
            }
            return line
        }
    }
}
