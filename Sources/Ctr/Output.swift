import Glibc
import SystemPackage

/// Standard output and error, unbuffered: whoever reads `events` through a pipe gets each line as it happens.
enum Output {
    /// Writes to standard output. Nobody reading any more ends the process, as it would a C program.
    static func write(_ text: String) { write(text.utf8) }

    /// The same for bytes.
    static func write(_ bytes: some Sequence<UInt8>) {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
            exit(error as? Errno == .brokenPipe ? 141 : 1)
        }
    }
}

/// A line on standard output; hides Swift's own, which buffers.
func print(_ text: String, terminator: String = "\n") {
    Output.write(text + terminator)
}

/// A line for people on standard error.
func complain(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll("ukctr: \(text)\n".utf8)
}
