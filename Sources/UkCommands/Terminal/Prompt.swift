// Unsafe pointers: reading from a descriptor.
import Glibc

/// Questions to the user at the terminal.
enum Prompt {
    /// A line.
    ///
    /// - Throws: `CommandFailure` at the end of the input.
    static func line(_ question: String) throws -> String {
        Console.write(Array(question.utf8), to: 1)
        return try readLine()
    }

    /// A line that the terminal does not show.
    ///
    /// - Throws: `CommandFailure` at the end of the input.
    static func secret(_ question: String) throws -> String {
        // Before the question: who has seen it may type.
        RawTerminal.hideInput(0)
        Console.write(Array(question.utf8), to: 1)
        defer {
            RawTerminal.restore()
            Console.print("")
        }
        return try readLine()
    }

    /// All of standard input, without the line's end.
    ///
    /// - Throws: `CommandFailure` when there is too much of it.
    static func rest() throws -> String {
        var bytes = try read { _ in false }
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readLine() throws -> String {
        let bytes = try read { $0 == 0x0A }
        guard !bytes.isEmpty else { throw CommandFailure("EOF") }
        return String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }

    /// Byte by byte: what follows is somebody else's.
    private static func read(until isLast: (UInt8) -> Bool) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = Glibc.read(0, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            guard bytes.count < 1 << 20 else { throw CommandFailure("standard input is too long for an answer") }
            bytes.append(byte)
            if isLast(byte) { return bytes }
        }
    }
}
