import Glibc
import Synchronization

/// The write end of the pipe that signal handlers tell of their signal; a plain number, because a handler may touch
/// nothing that could be half made.
nonisolated(unsafe) private var signalPipe: CInt = -1

/// Signals of this process as a sequence.
///
/// A handler writes the signal's number into a pipe and a thread reads it: this works whichever thread the signal meets.
enum Signals {
    /// Signals that docker's client forwards to the container: all that can be caught, but for those that concern the
    /// client itself (children, its terminal's size and job control, broken pipes, and SIGURG).
    static let forwarded: [CInt] = (1...64).filter { number in
        ![SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT].contains(number)
            && ![SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGPROF, SIGVTALRM, SIGALRM, SIGSYS].contains(
                number)
            && !(32...33 ~= number)
    }

    /// Signals with which others end a program that has a terminal.
    static let deadly: [CInt] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// Catches `signals` from now on and returns the ones that come. To be called once.
    static func caught(_ signals: [CInt]) -> AsyncStream<CInt> {
        guard let (reader, writer) = closeOnExecPipe() else { return AsyncStream { $0.finish() } }
        _ = fcntl(writer, F_SETFL, O_NONBLOCK)
        signalPipe = writer
        for number in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(signalPipe, &byte, 1)
                errno = saved
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
        return AsyncStream { continuation in
            startThread {
                var byte: UInt8 = 0
                while true {
                    let count = read(reader, &byte, 1)
                    if count == 1 {
                        continuation.yield(CInt(byte))
                    } else if count == 0 || errno != EINTR {
                        break
                    }
                }
                continuation.finish()
            }
        }
    }

    /// The name of a signal as the Engine API takes it, or its number where it has no name.
    static func name(_ number: CInt) -> String { names.first { $0.value == number }?.key ?? String(number) }

    private static let names: [String: CInt] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
    ]
}

/// Runs `body` on a thread of its own, for calls that block.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let result = pthread_create(
        &thread, nil,
        { argument in
            Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    if result == 0 {
        pthread_detach(thread)
    } else {
        box.release()
    }
}

/// A pipe that no other program inherits; nil when there are no descriptors left.
func closeOnExecPipe() -> (reader: CInt, writer: CInt)? {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}
