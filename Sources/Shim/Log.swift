import Glibc

/// Lines in logrus's text form on standard error, which is the bundle's `log` fifo: containerd puts them into its own log.
enum Log {
    /// Whether debug lines are written (`-debug`). Set once, at the start, by the thread that is then the only one.
    nonisolated(unsafe) static var isDebugging = false

    static func debug(_ message: @autoclosure () -> String) {
        if isDebugging { write("debug", message()) }
    }
    /// A fifo that nobody empties must not stop the shim: what does not fit is lost.
    static func error(_ message: @autoclosure () -> String) { write("error", message()) }
    static func info(_ message: @autoclosure () -> String) { write("info", message()) }

    private static func write(_ level: String, _ message: String) {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        let stamp = String(unsafeUninitializedCapacity: 32) { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress!, $0.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
            }
        }
        var line = "time=\"\(stamp)\" level=\(level) msg=\""
        for scalar in message.unicodeScalars {
            switch scalar {
            case "\"", "\\": line += "\\\(scalar)"
            case "\n": line += "\\n"
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\"\n"
        line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
