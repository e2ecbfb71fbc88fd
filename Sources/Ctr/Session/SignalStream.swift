import Archive
import Glibc

/// The signals that this process gets, as a sequence: their handlers write into a pipe.
enum SignalStream {
    /// Where the handlers write. Set once, before the first handler is there.
    nonisolated(unsafe) private static var pipeEnd: CInt = -1

    /// Catches `signals` from now on.
    static func catching(_ signals: [CInt]) -> AsyncStream<CInt> {
        var ends: [CInt] = [-1, -1]
        let (stream, continuation) = AsyncStream.makeStream(of: CInt.self)
        guard pipeEnd == -1, pipe(&ends) == 0 else {
            continuation.finish()
            return stream
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipeEnd = ends[1]
        for number in signals {
            signal(number) { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(SignalStream.pipeEnd, &byte, 1)
                errno = saved
            }
        }
        let reader = ends[0]
        BlockingWork.start {
            var byte: UInt8 = 0
            while true {
                let count = read(reader, &byte, 1)
                if count == 1 { continuation.yield(CInt(byte)) } else if count == 0 || errno != EINTR { break }
            }
            continuation.finish()
        }
        return stream
    }
}
