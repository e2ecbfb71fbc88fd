/// Figures in the text form that Prometheus reads (exposition format 0.0.4).
struct PrometheusText {
    /// What kind of figure it is.
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""

    /// Writes a figure without labels.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some Numeric) {
        head(name, kind, help)
        line(name, [], value)
    }

    /// Begins a figure; its lines follow.
    mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    /// Writes one value of the figure that has begun.
    mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: some Numeric) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
