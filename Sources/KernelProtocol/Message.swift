import Glibc
import Host
import SystemPackage

/// What is said over a kernel's control socket.
///
/// runu starts a kernel as `ukernel --control PATH` with one end of a socket pair as descriptor 3, and says `boot` on
/// it with the container's standard descriptors. The kernel listens at PATH before it answers. Later calls of runu
/// connect to PATH. Every request has one answer; after an `exec` whose process stays the kernel's, `exited` follows on
/// the same connection.
public enum Message: Sendable, Equatable {
    /// First byte of every message after its length.
    public static let version: UInt8 = 1
    /// Bytes of one message at the most: an environment and argument list as large as Linux takes, and some room.
    public static let limit: UInt32 = 8 << 20

    // Requests.

    /// Descriptors with it: standard input, output, error (none of the three with a terminal), then those that the
    /// process gets as descriptors 3 and up. Answer: `started` with the pid of the container's first process, which
    /// waits to be told `start`. A kernel whose boot socket closes before it has answered `boot` ends.
    case boot(ContainerSpecification)
    /// Lets the first process execute its program. Answer: `done`, or `failure` when the program cannot be executed
    /// (ENOENT, EACCES, ...), after which the container is gone; see `failure` for the text. Until then `exec` works:
    /// runu runs the startContainer hooks so.
    case start
    /// Starts a further process. Descriptors as with `boot`. Answer: `started` or `failure`.
    case exec(ProcessSpecification, waiter: Waiter)
    /// A signal for the first process, or with `all` for every process of the container. Answer: `done`.
    case kill(signal: UInt32, all: Bool)
    /// A signal for one process by the pid that `started` told. Answer: `done`.
    case killProcess(pid: Int32, signal: UInt32)
    /// Answer: `processes`.
    case pids
    /// Answer: `statistics`.
    case stats
    /// Stops every process of the container where it is. Answer: `done`.
    case pause
    /// Answer: `done`.
    case resume
    /// Answer: `done`.
    case update(Limits)
    /// Answer: `status`.
    case state

    // Answers.

    case done
    /// With a terminal, its master comes as a descriptor. After `boot`, `pid` is the process to wait(2) for: the first one or,
    /// where that has to stay below the kernel, the kernel itself, which then hands signals on and ends as the first
    /// process does. After `exec`, `needsStandIn` says that a `.subreaper` could not be had, and that it is as if a
    /// `.standIn` had been asked for.
    case started(pid: Int32, needsStandIn: Bool = false)
    /// Status as wait(2) gives it.
    case exited(pid: Int32, status: Int32)
    case processes([Int32])
    case statistics(Statistics)
    case status(ContainerStatus, pid: Int32)
    /// `text` names the object and what went wrong. For a program that cannot be executed (ENOENT, EACCES, EISDIR, ENOTDIR,
    /// ENOEXEC, ELOOP, ENAMETOOLONG) the text is empty, or begins with `exec: `: runu then says it in the words that
    /// engines look for. Anything else (`chdir to cwd ("/x"): ...`) is shown as it is.
    case failure(errno: Int32, text: String)
}

/// Who waits for the end of a process that `exec` starts.
public enum Waiter: UInt8, Sendable {
    /// The other end of the connection: `exited` follows. It may close it and wait no longer.
    case caller
    /// The nearest subreaper above the kernel (a shim), with wait(2): the process is orphaned at birth.
    case subreaper
    /// A process at the other end of the connection that stands for this one: `exited` follows. Should the connection close
    /// before, that one was killed, and this one is killed too.
    case standIn
}

/// A container's status, as the kernel knows it.
public enum ContainerStatus: UInt8, Sendable {
    case created = 1
    case running
    case paused
    case stopped
}

extension Message {
    /// The message as it goes over the socket, its length before it.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        writer.write(UInt32(0))
        writer.write(Message.version)
        func kind(_ value: UInt8) { writer.write(value) }
        switch self {
        case .boot(let specification):
            kind(1)
            specification.write(to: &writer)
        case .start: kind(2)
        case .exec(let process, let waiter):
            kind(3)
            process.write(to: &writer)
            writer.write(waiter.rawValue)
        case .kill(let signal, let all):
            kind(4)
            writer.write(signal)
            writer.write(all)
        case .killProcess(let pid, let signal):
            kind(5)
            writer.write(pid)
            writer.write(signal)
        case .pids: kind(6)
        case .stats: kind(7)
        case .pause: kind(8)
        case .resume: kind(9)
        case .update(let limits):
            kind(10)
            limits.write(to: &writer)
        case .state: kind(11)
        case .done: kind(128)
        case .started(let pid, let needsStandIn):
            kind(129)
            writer.write(pid)
            writer.write(needsStandIn)
        case .exited(let pid, let status):
            kind(130)
            writer.write(pid)
            writer.write(status)
        case .processes(let pids):
            kind(131)
            writer.write(pids)
        case .statistics(let statistics):
            kind(132)
            statistics.write(to: &writer)
        case .status(let status, let pid):
            kind(133)
            writer.write(status.rawValue)
            writer.write(pid)
        case .failure(let errno, let text):
            kind(134)
            writer.write(errno)
            writer.write(text)
        }
        var bytes = writer.bytes
        let length = UInt32(bytes.count - 4)
        withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
        return bytes
    }

    /// Reads a message without its length.
    /// - Throws: `WireError`.
    public init(decoding bytes: [UInt8]) throws {
        var reader = WireReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Message.version else { throw WireError.wrongVersion(version) }
        let kind = try reader.read(UInt8.self)
        switch kind {
        case 1: self = .boot(try ContainerSpecification(from: &reader))
        case 2: self = .start
        case 3:
            let process = try ProcessSpecification(from: &reader)
            guard let waiter = Waiter(rawValue: try reader.read()) else { throw WireError.truncated }
            self = .exec(process, waiter: waiter)
        case 4: self = .kill(signal: try reader.read(), all: try reader.read())
        case 5: self = .killProcess(pid: try reader.read(), signal: try reader.read())
        case 6: self = .pids
        case 7: self = .stats
        case 8: self = .pause
        case 9: self = .resume
        case 10: self = .update(try Limits(from: &reader))
        case 11: self = .state
        case 128: self = .done
        case 129: self = .started(pid: try reader.read(), needsStandIn: try reader.read())
        case 130: self = .exited(pid: try reader.read(), status: try reader.read())
        case 131: self = .processes(try reader.read())
        case 132: self = .statistics(try Statistics(from: &reader))
        case 133:
            guard let status = ContainerStatus(rawValue: try reader.read()) else { throw WireError.truncated }
            self = .status(status, pid: try reader.read())
        case 134: self = .failure(errno: try reader.read(), text: try reader.read())
        default: throw WireError.unknownKind(kind)
        }
    }

    /// Sends the message, and descriptors with it, over a blocking socket.
    public func send(to socket: FileDescriptor, descriptors: [FileDescriptor] = []) throws {
        try encoded().withUnsafeBytes { try UnixSocket.send($0, descriptors: descriptors, to: socket) }
    }

    /// Receives one message from a blocking socket; nil at the end of the stream.
    public static func receive(
        from socket: FileDescriptor
    ) throws -> (message: Message, descriptors: [FileDescriptor])? {
        var descriptors: [FileDescriptor] = []
        func fill(_ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var have = 0
            while have < count {
                let received = try bytes.withUnsafeMutableBytes {
                    try UnixSocket.receive(into: UnsafeMutableRawBufferPointer(rebasing: $0[have...]), from: socket)
                }
                descriptors += received.descriptors
                if received.count == 0 {
                    guard have == 0, count == 4 else { throw WireError.closed }
                    return []
                }
                have += received.count
            }
            return bytes
        }
        do {
            let header = try fill(4)
            guard !header.isEmpty else { return nil }
            var reader = WireReader(header)
            let length = try reader.read(UInt32.self)
            guard length <= limit else { throw WireError.tooLarge(length) }
            return (try Message(decoding: try fill(Int(length))), descriptors)
        } catch {
            for descriptor in descriptors { try? descriptor.close() }
            throw error
        }
    }

    /// Sends a request and waits for its answer.
    /// - Throws: `KernelFailure` when the kernel answers with one.
    public func request(
        over socket: FileDescriptor, descriptors: [FileDescriptor] = []
    ) throws -> (answer: Message, descriptors: [FileDescriptor]) {
        try send(to: socket, descriptors: descriptors)
        guard let (answer, received) = try Message.receive(from: socket) else { throw WireError.closed }
        if case .failure(let errno, let text) = answer {
            throw KernelFailure(errno: Errno(rawValue: errno), text: text)
        }
        return (answer, received)
    }
}

/// A request that the kernel refused.
public struct KernelFailure: Error, Sendable, CustomStringConvertible {
    /// Why.
    public var errno: Errno
    /// The object and what went wrong; may be empty, see `Message.failure`.
    public var text: String

    /// What the kernel answered.
    public init(errno: Errno, text: String) {
        self.errno = errno
        self.text = text
    }

    /// The text, or the error number's where there is none.
    public var description: String { text.isEmpty ? "\(errno)" : text }
}
