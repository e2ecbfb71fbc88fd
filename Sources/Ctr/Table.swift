import ContainerdClient
import OCISpec
import SwiftProtobuf

/// Rows in columns for people, or objects for programs.
struct Table {
    private let columns: [String]
    private let gap: Int
    private var rows: [[String]] = []

    init(_ columns: String..., gap: Int = 4) {
        self.columns = columns
        self.gap = gap
    }

    mutating func add(_ cells: String...) { rows.append(cells) }

    /// The columns as wide as their widest cell, the last one as it is.
    var text: String {
        let all = [columns] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] + gap - cell.count)
            }.joined() + "\n"
        }.joined()
    }

    func print() { Output.write(text) }
}

/// JSON with the names of the protocol's definition, as containerd's own tools print it.
let jsonNames = {
    var options = JSONEncodingOptions()
    options.preserveProtoFieldNames = true
    return options
}()

/// Prints messages as a JSON array, one message a line.
func printJSON(_ messages: [some Message]) throws {
    let lines = try messages.map { "  " + (try $0.jsonString(options: jsonNames)) }
    print(lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n]")
}

/// Prints a value as JSON for people.
func printJSON(_ value: some Encodable) throws {
    print(String(decoding: try JSON.encode(value, pretty: true), as: UTF8.self))
}

/// Bytes as people read them: `2.1 MiB`.
func byteCount(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1024, unit < units.count - 1 {
        value /= 1024
        unit += 1
    }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}

/// Labels as ctr prints them: `a=b,c=d`, or `-`.
func text(of labels: [String: String]) -> String {
    labels.isEmpty ? "-" : labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
}

/// How long ago: `5 minutes`.
func age(_ time: Google_Protobuf_Timestamp) -> String {
    let seconds = max(0, Google_Protobuf_Timestamp.now.seconds - time.seconds)
    switch seconds {
    case ..<2: return "1 second"
    case ..<60: return "\(seconds) seconds"
    case ..<120: return "About a minute"
    case ..<3600: return "\(seconds / 60) minutes"
    case ..<7200: return "About an hour"
    case ..<172_800: return "\(seconds / 3600) hours"
    case ..<1_209_600: return "\(seconds / 86400) days"
    default: return "\(seconds / 604_800) weeks"
    }
}
