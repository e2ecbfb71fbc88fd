import EngineClient
import Glibc

/// Turns the engine's refusal to start something into docker's exit codes: 127 not found, 126 not executable, else 125.
enum StartFailure {
    static func explain(_ error: EngineError, command: String, otherwise: Int32 = 125) -> CommandFailure {
        let text = "\(error)"
        let lower = text.lowercased()
        var code = otherwise
        if lower.contains("executable file not found") || lower.contains("no such file or directory") {
            code = 127
        } else if lower.contains("permission denied") || lower.contains("is a directory") {
            code = 126
        }
        guard case .refused = error else { return CommandFailure(text, exitCode: otherwise) }
        return CommandFailure("\(text)\n\nRun 'uk \(command) --help' for more information", exitCode: code)
    }
}
