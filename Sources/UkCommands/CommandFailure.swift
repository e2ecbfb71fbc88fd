/// A command that did not work: the text for the user and the code with which the process ends.
struct CommandFailure: Error, CustomStringConvertible {
    /// One line or more, without the program's name; empty when all has been said.
    var description: String
    /// The process's exit code.
    var exitCode: Int32

    init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}
