import EngineAPI

/// One line of a container's log file, in the form of moby's json-file driver: `{"log":"text\n","stream":"stdout",
/// "time":"2006-01-02T15:04:05.999999999Z"}`. Text without a newline is a part of a line: the next entry of that stream
/// goes on with it.
package struct LogEntry: Sendable, Equatable {
    package var stream: Frame.Stream
    package var time: Timestamp
    package var bytes: [UInt8]

    /// Whether the line ends here.
    package var isComplete: Bool { bytes.last == 10 }

    /// Appends the entry's line to `output`. Bytes that are no UTF-8 become U+FFFD, as in moby.
    package func encode(into output: inout [UInt8]) {
        output.append(contentsOf: #"{"log":""#.utf8)
        LogEntry.escape(bytes, into: &output)
        output.append(
            contentsOf: (stream == .stderr ? #"","stream":"stderr","time":""# : #"","stream":"stdout","time":""#).utf8)
        output.append(contentsOf: time.description.utf8)
        output.append(contentsOf: "\"}\n".utf8)
    }

    private static func escape(_ bytes: [UInt8], into output: inout [UInt8]) {
        let ascii = bytes.allSatisfy { $0 < 128 }
        let valid = ascii || String(validating: bytes, as: UTF8.self) != nil
        if valid {
            escapeValid(bytes, into: &output)
        } else {
            escapeValid(Array(String(decoding: bytes, as: UTF8.self).utf8), into: &output)
        }
    }

    private static func escapeValid(_ bytes: [UInt8], into output: inout [UInt8]) {
        let hex = Array("0123456789abcdef".utf8)
        for byte in bytes {
            switch byte {
            case 34, 92: output += [92, byte]
            case 10: output += [92, 110]
            case 13: output += [92, 114]
            case 9: output += [92, 116]
            case 0..<32, 127: output += [92, 117, 48, 48, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
    }

    private struct Line: Decodable {
        var log: String?
        var stream: String?
        var time: String?
    }

    /// Reads a line without its newline; nil when it is no entry, such as one cut short by a crash.
    package init?(line: some Collection<UInt8>) {
        if let quick = LogEntry.quick(Array(line)) {
            self = quick
            return
        }
        guard let line = try? EngineJSON.decode(Line.self, from: line), let time = Timestamp(line.time ?? "") else {
            return nil
        }
        self.init(stream: line.stream == "stderr" ? .stderr : .stdout, time: time, bytes: Array((line.log ?? "").utf8))
    }

    package init(stream: Frame.Stream, time: Timestamp, bytes: [UInt8]) {
        self.stream = stream
        self.time = time
        self.bytes = bytes
    }

    /// Reads lines that `encode` wrote, many times faster than a JSON decoder; nil for any other form.
    private static func quick(_ line: [UInt8]) -> LogEntry? {
        let start = Array(#"{"log":""#.utf8)
        guard line.starts(with: start) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(line.count)
        var index = start.count
        scan: while true {
            guard index < line.count else { return nil }
            let byte = line[index]
            index += 1
            if byte == 34 { break scan }
            guard byte == 92 else {
                bytes.append(byte)
                continue
            }
            guard index < line.count else { return nil }
            let escape = line[index]
            index += 1
            switch escape {
            case 34, 92, 47: bytes.append(escape)
            case 110: bytes.append(10)
            case 114: bytes.append(13)
            case 116: bytes.append(9)
            case 117:
                guard index + 4 <= line.count, line[index] == 48, line[index + 1] == 48,
                    let value = UInt8(String(decoding: line[index + 2..<index + 4], as: UTF8.self), radix: 16),
                    value < 128
                else { return nil }
                bytes.append(value)
                index += 4
            default: return nil
            }
        }
        let rest = String(decoding: line[index...], as: UTF8.self)
        for (stream, prefix) in [
            (Frame.Stream.stdout, #","stream":"stdout","time":""#), (.stderr, #","stream":"stderr","time":""#),
        ] where rest.hasPrefix(prefix) && rest.hasSuffix("\"}") {
            return Timestamp(rest.dropFirst(prefix.count).dropLast(2)).map {
                LogEntry(stream: stream, time: $0, bytes: bytes)
            }
        }
        return nil
    }
}
