import Glibc

/// Signals by name and number, as kill(1), docker and runc take them.
public enum SignalNumber {
    private static let named: [String: CInt] = ordinary.merging(realTime) { own, _ in own }
    private static let ordinary: [String: CInt] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "IOT": SIGABRT,
        "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2,
        "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "STKFLT": 16, "CHLD": SIGCHLD, "CLD": SIGCHLD,
        "CONT": SIGCONT, "STOP": SIGSTOP, "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG,
        "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM, "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO,
        "POLL": SIGIO, "PWR": SIGPWR, "SYS": SIGSYS,
    ]
    /// What the C library leaves to programs (signal(7), "Real-time signals"), each half of them by its distance from its
    /// end, and with the sign that leads to it.
    private static let realTime: [String: CInt] = {
        let first: CInt = 34
        let last: CInt = 64
        var names = ["RTMIN": first, "RTMAX": last]
        for distance in 1...15 { names["RTMIN+\(distance)"] = first + CInt(distance) }
        for distance in 1...14 { names["RTMAX-\(distance)"] = last - CInt(distance) }
        return names
    }()

    /// The number that a text means: `TERM`, `sigterm`, `15`, `RTMIN+3`, `RTMAX-1`; nil for anything else. `0`, which
    /// asks whether a process is there, counts as a number.
    public static func named(_ text: String) -> CInt? {
        if let number = CInt(text) { return (0...64).contains(number) ? number : nil }
        let name = text.uppercased()
        return named[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name]
    }
}
