import ArgumentParser

/// What the words of a command that runs another have in common.
enum Passthrough {
    /// An option that nobody knows ends up as the first word.
    ///
    /// - Throws: `ValidationError` for it, and when there is no word at all.
    static func check(_ words: [String], of command: (any ParsableCommand.Type)? = nil) throws {
        if let command, let first = words.first, ["--help", "-h"].contains(first) {
            throw CleanExit.helpRequest(command)
        }
        guard let first = words.first else { throw ValidationError("requires at least 1 argument") }
        if first != "--", first.hasPrefix("-") {
            throw ValidationError(first.hasPrefix("--") ? "unknown flag: \(first)" : "unknown shorthand flag: \(first)")
        }
        if first == "--", words.count == 1 { throw ValidationError("requires at least 1 argument") }
    }
}
