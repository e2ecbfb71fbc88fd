import Glibc
import Synchronization

/// What arrives on a descriptor, in pieces. A thread of its own waits for it, so that no task is stuck in a read; a
/// cancelled reader ends at once.
struct InputReader: AsyncSequence, Sendable {
    typealias Element = [UInt8]

    let descriptor: CInt
    /// The most bytes of one piece.
    var pieceSize = 32 * 1024

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let source: Source

        mutating func next() async throws -> [UInt8]? { await source.next() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: Source(descriptor, pieceSize)) }

    fileprivate final class Source: Sendable {
        private let descriptor: CInt
        private let pieceSize: Int
        private let wake: (reader: CInt, writer: CInt)

        init(_ descriptor: CInt, _ pieceSize: Int) {
            self.descriptor = descriptor
            self.pieceSize = pieceSize
            wake = closeOnExecPipe() ?? (-1, -1)
        }

        deinit {
            close(wake.reader)
            close(wake.writer)
        }

        func next() async -> [UInt8]? {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    startThread { continuation.resume(returning: self.read()) }
                }
            } onCancel: {
                var byte: UInt8 = 0
                _ = write(wake.writer, &byte, 1)
            }
        }

        private func read() -> [UInt8]? {
            var waiting = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.reader, events: Int16(POLLIN), revents: 0),
            ]
            while true {
                guard poll(&waiting, 2, -1) >= 0 else {
                    if errno == EINTR { continue }
                    return nil
                }
                if waiting[1].revents != 0 { return nil }
                var bytes = [UInt8](repeating: 0, count: pieceSize)
                let count = Glibc.read(descriptor, &bytes, pieceSize)
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                return count > 0 ? Array(bytes.prefix(count)) : nil
            }
        }
    }
}
