import ArgumentParser

/// What ukmanager reads of containerd's config.toml: `root`, `state`, `[grpc] address`, `[debug] level`.
///
/// Everything else is skipped, so that an existing file is accepted. Of TOML the part is read in which containerd's
/// files are written: tables, and keys with strings, numbers and booleans on one line.
package struct ConfigurationFile: Equatable {
    package var root: String?
    package var state: String?
    package var address: String?
    package var level: String?

    /// Nothing.
    package init() {}

    /// Reads a file's text.
    ///
    /// - Throws: `ValidationError` with the line, for what is no TOML.
    package init(_ text: String, path: String) throws {
        var table = ""
        var depth = 0
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Self.withoutComment(line)
            if line.isEmpty { continue }
            // Within an array over several lines.
            if depth > 0 {
                depth += Self.nesting(line)
                continue
            }
            if line.hasPrefix("[") {
                guard line.hasSuffix("]") else {
                    throw ValidationError("\(path):\(number + 1): table header without ]")
                }
                table = line.filter { $0 != "[" && $0 != "]" && $0 != " " }
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw ValidationError("\(path):\(number + 1): expected key = value")
            }
            let key = line[..<equals].trimming
            let value = line[line.index(after: equals)...].trimming
            depth = Self.nesting(value)
            switch (table, key) {
            case ("", "root"): root = try Self.text(value, "\(path):\(number + 1)")
            case ("", "state"): state = try Self.text(value, "\(path):\(number + 1)")
            case ("grpc", "address"): address = try Self.text(value, "\(path):\(number + 1)")
            case ("debug", "level"): level = try Self.text(value, "\(path):\(number + 1)")
            case ("", "version"):
                guard ["1", "2", "3"].contains(value) else {
                    throw ValidationError("\(path):\(number + 1): unknown configuration version \(value)")
                }
            default: break
            }
        }
        if level == "" { level = nil }
    }

    private static func text(_ value: String, _ place: String) throws -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote else {
            throw ValidationError("\(place): expected a string")
        }
        return String(value.dropFirst().dropLast())
    }

    private static func nesting(_ text: String) -> Int {
        var (depth, quote): (Int, Character?) = (0, nil)
        for character in text {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "[" || character == "{" {
                depth += 1
            } else if character == "]" || character == "}" {
                depth -= 1
            }
        }
        return depth
    }

    private static func withoutComment(_ line: Substring) -> String {
        var quote: Character?
        for index in line.indices {
            let character = line[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#" {
                return line[..<index].trimming
            }
        }
        return line.trimming
    }
}

extension StringProtocol {
    fileprivate var trimming: String {
        String(self.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
