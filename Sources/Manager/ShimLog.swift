// Unsafe pointers: reading into a buffer.
import Glibc
import Host
import Logging
import Reactor
import Synchronization
import SystemPackage

/// Copies what a shim writes into its log fifo to the manager's log, line by line.
final class ShimLog: Sendable {
    private let reader: Reader

    /// Makes the fifo where there is none, and begins to read.
    init(_ path: FilePath, log: Logger) throws {
        if mkfifo(path.string, 0o600) != 0, errno != EEXIST { throw HostError.last("create fifo", path.string) }
        // Open for both directions: then it never ends, whoever comes and goes on the other side.
        let descriptor = open(path.string, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError.last("open", path.string) }
        reader = Reader(descriptor, log)
        try Reactor.shared.add(reader)
    }

    deinit { Reactor.shared.remove(reader) }

    private final class Reader: ReactorClient {
        private static let longestLine = 64 << 10

        let descriptor: CInt
        private let log: Logger
        private let rest = Mutex<[UInt8]>([])

        init(_ descriptor: CInt, _ log: Logger) {
            self.descriptor = descriptor
            self.log = log
        }

        deinit { close(descriptor) }

        func handleReadiness(into room: UnsafeMutableRawBufferPointer) {
            while true {
                let count = read(descriptor, room.baseAddress, room.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest.withLock { rest in
                    rest.append(contentsOf: room[..<count])
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        let line = String(decoding: rest[..<end], as: UTF8.self)
                        rest.removeSubrange(...end)
                        if !line.isEmpty { log.info("shim: \(line)") }
                    }
                    if rest.isEmpty || rest.count > Self.longestLine { rest = [] }
                }
            }
        }
    }
}
