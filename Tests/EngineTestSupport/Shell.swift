import Foundation

/// Runs a line of shell, for what tests prepare.
public enum Shell {
    /// - Throws: when the shell cannot be started.
    @discardableResult
    public static func run(_ line: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
