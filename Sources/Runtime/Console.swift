import Glibc
import Host
import SystemPackage

/// Where a terminal's master goes when runu does not keep it.
enum Console {
    /// Sends `master` to whoever listens at `path`, as runc does: the name of the terminal as data, the descriptor with it.
    static func send(_ master: FileDescriptor, to path: FilePath) throws {
        let socket: FileDescriptor
        do {
            socket = try UnixSocket.connect(path)
        } catch {
            throw RuntimeError.wrapping(error, "console socket")
        }
        defer { try? socket.close() }
        try Array("/dev/ptmx".utf8).withUnsafeBytes { try UnixSocket.send($0, descriptors: [master], to: socket) }
    }

    /// The combinations of terminal and socket that make sense.
    static func check(terminal: Bool, socket: FilePath?, detached: Bool) throws {
        if terminal, detached, socket == nil {
            throw RuntimeError("cannot allocate tty if runu will detach without setting console socket")
        }
        if socket != nil, !terminal || !detached {
            throw RuntimeError("cannot use console socket if runu will not detach or allocate tty")
        }
    }
}
