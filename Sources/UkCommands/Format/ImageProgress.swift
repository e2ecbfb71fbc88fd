import EngineClient

/// Shows the progress that the engine streams while it loads, pulls or imports an image ("jsonmessage").
struct ImageProgress {
    private let quiet: Bool
    private let descriptor: CInt
    private let bars: Bool
    /// The line, counted from the first, on which the progress of a layer stands.
    private var lines: [String: Int] = [:]

    init(quiet: Bool, output descriptor: CInt) {
        self.quiet = quiet
        self.descriptor = descriptor
        self.bars = RawTerminal.isTerminal(descriptor)
    }

    /// Sends the request and shows what comes back until its end.
    ///
    /// - Throws: `EngineError.refused` when the stream tells of an error.
    static func show(_ client: EngineClient, _ request: EngineRequest, quiet: Bool, output: CInt) async throws {
        try await client.withResponse(request) { response in
            var progress = ImageProgress(quiet: quiet, output: output)
            if response.headers.first(name: "Content-Type")?.hasPrefix("application/json") == false {
                // Older engines answer a load with plain text.
                let text = String(decoding: try await response.body.collected(), as: UTF8.self)
                if !text.isEmpty, !quiet { Console.write(Array(text.utf8), to: output) }
                return
            }
            try await response.forEachValue { try progress.show($0) }
        }
    }

    /// Shows one message.
    ///
    /// - Throws: `EngineError.refused` when it is an error.
    mutating func show(_ message: JSONValue) throws {
        if let text = message["errorDetail"]?["message"]?.string ?? message["error"]?.string {
            throw EngineError.refused(status: 500, message: text)
        }
        if let text = message["stream"]?.string {
            if !quiet { Console.write(Array(text.utf8), to: descriptor) }
            return
        }
        guard !quiet, let status = message["status"]?.string else { return }
        let detail = message["progressDetail"]
        let counts = detail?["current"]?.integer.map { ($0, detail?["total"]?.integer ?? 0) }
        guard let id = message["id"]?.string else { return write(status + "\n") }
        guard bars else {
            // Without a terminal only what a layer has come to is worth a line.
            if counts == nil { write("\(id): \(status)\n") }
            return
        }
        let text = "\(id): \(status) " + (counts.map { Self.bar(current: $0.0, total: $0.1) } ?? "")
        if let line = lines[id] {
            let up = lines.count - line
            write("\u{1B}[\(up)A\u{1B}[2K\r\(text)\u{1B}[\(up)B\r")
        } else {
            lines[id] = lines.count
            write(text + "\n")
        }
    }

    private func write(_ text: String) { Console.write(Array(text.utf8), to: descriptor) }

    /// A bar of fifty characters and the sizes, as docker draws it.
    static func bar(current: Int64, total: Int64) -> String {
        guard total > 0 else { return Sizes.decimal(current) }
        let filled = max(0, min(50, Int(current * 50 / total)))
        let bar = String(repeating: "=", count: filled) + (filled < 50 ? ">" : "")
        return "[" + bar + String(repeating: " ", count: max(0, 50 - bar.count)) + "]  "
            + "\(Sizes.decimal(current))/\(Sizes.decimal(total))"
    }
}
