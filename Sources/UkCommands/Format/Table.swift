/// Text in columns, aligned as docker aligns them: three spaces between cells at the least.
public struct Table: Sendable {
    private var rows: [[String]]
    private let narrowest: Int

    /// A table with a first row; none when it is empty.
    ///
    /// - Parameter narrowest: the least width of a column, in characters.
    public init(header: [String] = [], narrowest: Int = 10) {
        rows = header.isEmpty ? [] : [header]
        self.narrowest = narrowest
    }

    /// Adds a row.
    public mutating func append(_ row: [String]) { rows.append(row) }

    /// The table's lines. The last column is not padded.
    public var lines: [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.dropLast().enumerated() {
                if column == widths.count { widths.append(narrowest) }
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
