import Glibc
import Host
import OCISpec
import SystemPackage

/// Where errors and warnings are told: standard error, and the file of `--log` in the form of `--log-format`.
public struct Log: Sendable {
    /// How the file's lines look.
    public enum Format: String, Sendable, CaseIterable {
        /// `time="..." level=error msg="..."`
        case text
        /// `{"level":"error","msg":"...","time":"..."}`
        case json
    }

    /// The process's log. Set once, at the start, by the thread that is then the only one.
    nonisolated(unsafe) public static var shared = Log()

    /// Nil: only standard error.
    public var file: FilePath?
    /// How the file's lines look.
    public var format: Format
    /// Whether debug messages are written.
    public var isDebugging: Bool
    /// Whether standard error is the container's alone, and errors stand in the file only: a shim reads them there, and
    /// gives the process the client's own streams.
    private let isFileOnly: Bool

    /// A log that writes to `file` as well, or, with `RUNU_ERRORS=log` in the environment, to it alone.
    public init(file: FilePath? = nil, format: Format = .text, isDebugging: Bool = false) {
        self.file = file
        self.format = format
        self.isDebugging = isDebugging
        isFileOnly = file != nil && environment("RUNU_ERRORS") == "log"
    }

    /// Tells of an error that ends the command.
    public func error(_ message: String) {
        write("error", message)
        if !isFileOnly { say("runu: \(message)") }
    }

    /// Tells of something that went wrong without ending the command.
    public func warning(_ message: String) {
        if file == nil { say("runu: warning: \(message)") }
        write("warning", message)
    }

    /// Tells what is being done, with `--debug`.
    public func debug(_ message: @autoclosure () -> String) {
        guard isDebugging else { return }
        let message = message()
        if file == nil { say(line("debug", message)) }
        write("debug", message)
    }

    private func say(_ line: String) {
        _ = try? FileDescriptor.standardError.writeAll(Array((line + "\n").utf8))
    }

    private func write(_ level: String, _ message: String) {
        guard let file else { return }
        let fd = open(file.string, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard fd >= 0 else { return say("runu: cannot open log \(file): \(String(cString: strerror(errno)))") }
        defer { close(fd) }
        _ = try? FileDescriptor(rawValue: fd).writeAll(Array((line(level, message) + "\n").utf8))
    }

    private func line(_ level: String, _ message: String) -> String {
        let time = Clock.now()
        switch format {
        case .json:
            let entry = ["level": level, "msg": message, "time": time]
            return (try? JSON.encode(entry)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        case .text:
            let quoted = message.map { "\"\\".contains($0) ? "\\\($0)" : $0 == "\n" ? "\\n" : "\($0)" }.joined()
            return "time=\"\(time)\" level=\(level) msg=\"\(quoted)\""
        }
    }
}
