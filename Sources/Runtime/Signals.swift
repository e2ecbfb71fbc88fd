import Glibc

/// Signals by name, as kill(1) takes them.
public enum Signals {
    private static let names: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "IOT": SIGABRT,
        "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2,
        "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "STKFLT": 16, "CHLD": SIGCHLD, "CLD": SIGCHLD,
        "CONT": SIGCONT, "STOP": SIGSTOP, "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG,
        "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM, "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO,
        "POLL": SIGIO, "PWR": SIGPWR, "SYS": SIGSYS,
    ]
    private static let realTimeFirst: Int32 = 34
    private static let realTimeLast: Int32 = 64

    /// The number of `SIGTERM`, `term`, `15`, `RTMIN+3` and their like.
    ///
    /// - Throws: `RuntimeError` for anything else.
    public static func parse(_ text: String) throws -> Int32 {
        if let number = Int32(text) {
            guard (0...realTimeLast).contains(number) else { throw RuntimeError("unknown signal \"\(text)\"") }
            return number
        }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let number = names[name] { return number }
        if name.hasPrefix("RTMIN") {
            let offset = name.dropFirst(5)
            if let number = offset.isEmpty ? 0 : Int32(offset), (0...realTimeLast - realTimeFirst).contains(number) {
                return realTimeFirst + number
            }
        } else if name.hasPrefix("RTMAX") {
            let offset = name.dropFirst(5)
            if let number = offset.isEmpty ? 0 : Int32(offset), (realTimeFirst - realTimeLast...0).contains(number) {
                return realTimeLast + number
            }
        }
        throw RuntimeError("unknown signal \"\(text)\"")
    }
}
