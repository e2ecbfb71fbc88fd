import Foundation
import Glibc
import Logging
import SwiftProtobuf

/// Writes a log record as one line of logfmt, as containerd does: `time="..." level=info msg="..." key=value`, or as one of
/// JSON with the same keys.
public struct LogLine: LogHandler {
    /// Records below it are left out.
    public var logLevel: Logger.Level
    /// What every record carries.
    public var metadata: Logger.Metadata = [:]

    private let isJSON: Bool

    /// A handler that writes to standard error.
    public init(level: Logger.Level, isJSON: Bool = false) {
        logLevel = level
        self.isJSON = isJSON
    }

    /// One value of `metadata`.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let time = (try? Google_Protobuf_Timestamp.now.jsonString()) ?? "\"\""
        if isJSON { return writeJSON(event, all, time) }
        var line = "time=\(time) level=\(Self.name(event.level)) msg=\(Self.quoted("\(event.message)", always: true))"
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(Self.quoted("\(value)"))" }
        line += "\n"
        line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }

    private func writeJSON(_ event: LogEvent, _ all: Logger.Metadata, _ time: String) {
        var object = all.mapValues { "\($0)" }
        object["level"] = Self.name(event.level)
        object["msg"] = "\(event.message)"
        object["time"] = String(time.dropFirst().dropLast())
        guard
            let data = try? JSONSerialization.data(
                withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        else { return }
        (data + [10]).withUnsafeBytes { _ = write(2, $0.baseAddress, $0.count) }
    }

    private static func name(_ level: Logger.Level) -> String { level == .critical ? "fatal" : "\(level)" }

    private static func quoted(_ text: String, always: Bool = false) -> String {
        let isPlain =
            !text.isEmpty && !always
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        if isPlain { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
