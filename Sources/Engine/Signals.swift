import Glibc
import Host

/// Signals as `kill` and `StopSignal` name them.
package enum Signals {
    static let kill = Int(SIGKILL)
    static let terminate = Int(SIGTERM)

    /// The number that a text means: `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
    ///
    /// - Throws: `EngineError` with 400 and moby's text.
    package static func number(_ text: String) throws -> Int {
        guard let number = SignalNumber.named(text), number > 0 else {
            throw EngineError(400, "invalid signal: \(text)")
        }
        return Int(number)
    }
}
