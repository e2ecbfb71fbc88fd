// Unsafe pointers: reading into a buffer.
@preconcurrency import Dispatch
import Glibc
import Host
import Logging
import SystemPackage

/// Copies what a shim writes into its log fifo to the manager's log, line by line.
final class ShimLog: Sendable {
    private static let queue = DispatchQueue(label: "shim-logs")
    private let source: any DispatchSourceRead

    /// Makes the fifo where there is none, and begins to read.
    init(_ path: FilePath, log: Logger) throws {
        if mkfifo(path.string, 0o600) != 0, errno != EEXIST { throw HostError.last("create fifo", path.string) }
        // Open for both directions: then it never ends, whoever comes and goes on the other side.
        let descriptor = open(path.string, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError.last("open", path.string) }
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: Self.queue)
        let lines = Lines(log: log)
        source.setEventHandler { lines.read(descriptor) }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    deinit { source.cancel() }

    /// Used on the one queue only.
    private final class Lines: @unchecked Sendable {
        private let log: Logger
        private var rest: [UInt8] = []

        init(log: Logger) { self.log = log }

        func read(_ descriptor: CInt) {
            var room = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(descriptor, &room, room.count)
            guard count > 0 else { return }
            rest.append(contentsOf: room[..<count])
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                if !line.isEmpty { log.info("shim: \(line)") }
            }
            if rest.count > 64 * 1024 { rest = [] }
            if rest.isEmpty { rest = [] }
        }
    }
}
