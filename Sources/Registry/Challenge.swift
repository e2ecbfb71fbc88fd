/// One challenge of a `WWW-Authenticate` header: RFC 9110, section 11.6.1.
package struct Challenge: Sendable, Equatable {
    /// In lower case: `basic`, `bearer`.
    package var scheme: String
    /// Names in lower case.
    package var parameters: [String: String] = [:]

    /// The challenges of a header's value; what cannot be read ends the list.
    package static func parse(_ value: String) -> [Challenge] {
        var scanner = Scanner(bytes: Array(value.utf8))
        var challenges: [Challenge] = []
        while let word = scanner.token() {
            scanner.skipSpaces()
            if scanner.peek == UInt8(ascii: "="), !challenges.isEmpty {
                scanner.advance()
                scanner.skipSpaces()
                guard let text = scanner.value() else { break }
                challenges[challenges.count - 1].parameters[word.lowercased()] = text
            } else {
                challenges.append(Challenge(scheme: word.lowercased()))
            }
            scanner.skipSeparators()
        }
        return challenges
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
            skipSeparators()
        }

        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }
        mutating func advance() { position += 1 }
        mutating func skipSpaces() { while peek == 32 || peek == 9 { advance() } }
        mutating func skipSeparators() {
            while peek == 32 || peek == 9 || peek == UInt8(ascii: ",") { advance() }
        }

        mutating func token() -> String? {
            let start = position
            while let byte = peek, byte > 32, byte < 127, !"()<>@,;\\\"[]?={}".utf8.contains(byte) { advance() }
            return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }

        /// A token or a quoted string.
        mutating func value() -> String? {
            guard peek == UInt8(ascii: "\"") else {
                let start = position
                while let byte = peek, byte > 32, byte != UInt8(ascii: ",") { advance() }
                return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
            }
            advance()
            var text: [UInt8] = []
            while let byte = peek {
                advance()
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), let next = peek {
                    text.append(next)
                    advance()
                } else {
                    text.append(byte)
                }
            }
            return nil
        }
    }
}
