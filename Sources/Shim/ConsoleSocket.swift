// Unsafe pointers: the byte that comes with the descriptor.
import Glibc
import Host
import SystemPackage

/// The socket on which a runtime hands over a terminal's master (runc's docs/terminals.md, "Detached").
final class ConsoleSocket {
    let path: String
    private let listener: FileDescriptor

    /// Listens at `path`.
    init(_ path: FilePath) throws {
        self.path = path.string
        listener = try UnixSocket.listen(path, backlog: 1)
    }

    /// The master that the runtime, by now ended, has sent; nil when it sent none.
    func receive() throws -> FileDescriptor? {
        var ready = pollfd(fd: listener.rawValue, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 0) == 1 else { return nil }
        let connection = try UnixSocket.accept(listener)
        defer { try? connection.close() }
        ready = pollfd(fd: connection.rawValue, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 0) == 1 else { return nil }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { room.deallocate() }
        let (_, descriptors) = try UnixSocket.receive(into: room, from: connection)
        for extra in descriptors.dropFirst() { try? extra.close() }
        return descriptors.first
    }

    /// Removes the socket.
    func close() {
        try? listener.close()
        unlink(path)
    }
}
