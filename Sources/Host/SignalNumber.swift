import Glibc

/// Signals by name and number, as kill(1), docker and runc take them.
public enum SignalNumber {
    private static let named: [String: CInt] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "IOT": SIGABRT,
        "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2,
        "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "STKFLT": 16, "CHLD": SIGCHLD, "CLD": SIGCHLD,
        "CONT": SIGCONT, "STOP": SIGSTOP, "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG,
        "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM, "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO,
        "POLL": SIGIO, "PWR": SIGPWR, "SYS": SIGSYS,
    ]
    /// What the C library leaves to programs: signal(7), "Real-time signals".
    private static let realTime: ClosedRange<CInt> = 34...64

    /// The number that a text means: `TERM`, `sigterm`, `15`, `RTMIN+3`, `RTMAX-1`; nil for anything else. `0`, which
    /// asks whether a process is there, counts as a number.
    public static func named(_ text: String) -> CInt? {
        if let number = CInt(text) { return (0...realTime.upperBound).contains(number) ? number : nil }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let number = named[name] { return number }
        let base: CInt
        switch name.prefix(5) {
        case "RTMIN": base = realTime.lowerBound
        case "RTMAX": base = realTime.upperBound
        default: return nil
        }
        let offset = name.dropFirst(5)
        guard let distance = offset.isEmpty ? 0 : CInt(offset), distance.magnitude < 64 else { return nil }
        return realTime.contains(base + distance) ? base + distance : nil
    }
}
