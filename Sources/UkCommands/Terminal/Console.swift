import Glibc

/// What the user sees: standard output and standard error.
enum Console {
    /// Whether standard output is a terminal: only then there are colours and bars.
    static var isTerminal: Bool { isatty(1) == 1 }

    /// Writes a line to standard output.
    static func print(_ line: String) { write(Array((line + "\n").utf8), to: 1) }

    /// Writes lines to standard output.
    static func print(_ lines: [String]) {
        if !lines.isEmpty { print(lines.joined(separator: "\n")) }
    }

    /// Writes a line to standard error.
    static func complain(_ line: String) { write(Array((line + "\n").utf8), to: 2) }

    /// Writes all bytes, waiting while the reader is slow. When the reader is gone the process ends as a pipe's writer does.
    static func write(_ bytes: some Collection<UInt8>, to descriptor: CInt) {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno == EPIPE {
                RawTerminal.restore()
                exit(128 + SIGPIPE)
            } else if errno != EINTR {
                return
            }
        }
    }

    /// `text` in a colour of the terminal (SGR, ECMA-48), when there is one.
    static func coloured(_ text: String, _ code: Int) -> String {
        isTerminal ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Writes a container's output from a thread of its own, so that a slow reader holds up no other task.
struct OutputWriter: Sendable {
    /// Writes `bytes` to `descriptor`; returns when they are written.
    func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) async {
        // Most output fits where it goes: only what does not is worth a thread.
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if bytes.count <= Int(PIPE_BUF), poll(&waiting, 1, 0) == 1, waiting.revents & Int16(POLLERR) == 0 {
            return Console.write(bytes, to: descriptor)
        }
        await withCheckedContinuation { continuation in
            startThread {
                Console.write(bytes, to: descriptor)
                continuation.resume()
            }
        }
    }
}
