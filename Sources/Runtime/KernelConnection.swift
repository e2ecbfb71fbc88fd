import Host
import KernelProtocol
import SystemPackage

/// A process that a kernel has started; see `Message.started`.
typealias Started = (pid: Int32, master: FileDescriptor?, needsStandIn: Bool)

/// A connection to a container's kernel.
struct KernelConnection: ~Copyable {
    let socket: FileDescriptor

    /// Connects to the kernel that listens at `path`.
    ///
    /// - Parameter timeout: milliseconds that one answer may take; nil: for ever.
    init(_ path: FilePath, timeout: Int32? = 10_000) throws {
        socket = try UnixSocket.connect(path, timeout: timeout)
    }

    deinit {
        try? socket.close()
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Throws: `KernelFailure` when the kernel refuses.
    borrowing func request(
        _ message: Message, descriptors: [FileDescriptor] = []
    ) throws -> (answer: Message, descriptors: [FileDescriptor]) {
        try message.request(over: socket, descriptors: descriptors)
    }

    /// Sends a request to which only `done` is an answer.
    borrowing func perform(_ message: Message) throws {
        let answer = try request(message).answer
        guard answer == .done else { throw RuntimeError("the kernel answered \(answer) to \(message)") }
    }

    /// Sends `boot` or `exec` and waits for the process; its terminal's master comes with it if it has one.
    borrowing func start(
        _ message: Message, terminal: Bool, descriptors: [FileDescriptor]
    ) throws -> Started {
        try KernelConnection.start(message, over: socket, terminal: terminal, descriptors: descriptors)
    }

    /// The same over a socket that is somebody else's.
    static func start(
        _ message: Message, over socket: FileDescriptor, terminal: Bool, descriptors: [FileDescriptor]
    ) throws -> Started {
        let (answer, received) = try message.request(over: socket, descriptors: descriptors)
        guard case .started(let pid, let needsStandIn) = answer, terminal == (received.count == 1) else {
            for descriptor in received { try? descriptor.close() }
            throw RuntimeError("the kernel answered \(answer) with \(received.count) descriptors to a start")
        }
        return (pid, received.first, needsStandIn)
    }
}

extension KernelFailure {
    /// The failure of starting `arguments` in the words of Go's os/exec, which engines look for to tell a missing
    /// program (exit code 127) and one that may not be executed (126) from other errors.
    package func startError(of arguments: [String]) -> String {
        let name = arguments.first ?? ""
        if !text.isEmpty, !text.hasPrefix("exec: ") { return text }
        switch errno {
        case .noSuchFileOrDirectory where !name.utf8.contains(UInt8(ascii: "/")):
            return "exec: \"\(name)\": executable file not found in $PATH"
        case .noSuchFileOrDirectory:
            return "exec: \"\(name)\": stat \(name): no such file or directory"
        case .permissionDenied, .isDirectory:
            return "exec: \"\(name)\": permission denied"
        case .notDirectory:
            return "exec: \"\(name)\": stat \(name): not a directory"
        case .execFormatError:
            return "exec \(name): exec format error"
        default:
            return text.isEmpty ? "exec: \"\(name)\": \(errno)" : text
        }
    }
}
