import Glibc

/// This process' terminal in raw mode: keys go to the container as they are.
struct RawTerminal: Sendable {
    private let saved: termios

    /// Switches the terminal behind standard input to raw mode; nil when it is none.
    init?() {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        saved = settings
        cfmakeraw(&settings)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// Restores the terminal's mode.
    func restore() {
        var settings = saved
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }
}
