import Glibc
import Synchronization

/// The user's terminal in raw mode: every key goes to the container, and the container's output needs no help.
///
/// The first settings are kept for the whole process, so that whoever ends it, also a signal, can bring them back.
enum RawTerminal {
    private struct Saved: @unchecked Sendable {
        var descriptor: CInt
        var settings: termios
    }

    private static let saved = Mutex<Saved?>(nil)

    /// Whether `descriptor` is a terminal.
    static func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

    /// Puts the terminal behind `descriptor` into raw mode.
    static func enter(_ descriptor: CInt) { change(descriptor) { cfmakeraw(&$0) } }

    /// Lets the terminal not show what is typed.
    static func hideInput(_ descriptor: CInt) { change(descriptor) { $0.c_lflag &= ~tcflag_t(ECHO) } }

    private static func change(_ descriptor: CInt, _ body: (inout termios) -> Void) {
        saved.withLock { saved in
            var settings = termios()
            guard saved == nil, tcgetattr(descriptor, &settings) == 0 else { return }
            saved = Saved(descriptor: descriptor, settings: settings)
            body(&settings)
            tcsetattr(descriptor, TCSADRAIN, &settings)
        }
    }

    /// Brings the terminal back to what it was.
    static func restore() {
        saved.withLock { current in
            guard var was = current else { return }
            tcsetattr(was.descriptor, TCSADRAIN, &was.settings)
            current = nil
        }
    }
}
