/// A request that cannot be served, in the words that clients of OCI runtimes know.
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
    /// One line for people and for clients that match on it.
    public var description: String
    /// What the command exits with.
    public var exitCode: Int32

    /// An error that ends the command with `exitCode`.
    public init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }

    static let doesNotExist = RuntimeError("container does not exist")
    static let notRunning = RuntimeError("container not running")

    /// `error` with words before it that say what was being done.
    static func wrapping(_ error: any Error, _ doing: String, exitCode: Int32 = 1) -> RuntimeError {
        RuntimeError("\(doing): \(error)", exitCode: exitCode)
    }
}
