/// Signals by name and number, as `kill` and `StopSignal` name them.
package enum Signals {
    private static let numbers: [String: Int] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9,
        "USR1": 10,
        "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CLD": 17, "CONT": 18,
        "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27,
        "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31, "RTMIN": 34, "RTMAX": 64,
    ]

    static let kill = 9
    static let terminate = 15

    /// The number that a text means: `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
    ///
    /// - Throws: `EngineError` with 400 and moby's text.
    package static func number(_ text: String) throws -> Int {
        if let number = Int(text) {
            guard (1...64).contains(number) else { throw EngineError(400, "invalid signal: \(text)") }
            return number
        }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let number = numbers[name] { return number }
        if name.hasPrefix("RTMIN+"), let offset = Int(name.dropFirst(6)), (0...30).contains(offset) {
            return 34 + offset
        }
        if name.hasPrefix("RTMAX-"), let offset = Int(name.dropFirst(6)), (0...30).contains(offset) {
            return 64 - offset
        }
        throw EngineError(400, "invalid signal: \(text)")
    }
}
