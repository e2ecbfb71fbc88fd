import Glibc
import Host
import KernelProtocol
import SystemPackage

/// A kernel that this call has started and that is not booted yet: it ends when its socket closes.
struct KernelProcess {
    let pid: pid_t
    /// In clock ticks since boot.
    let startTime: UInt64
    /// This call's end of the socket pair on which `boot` is said.
    let socket: FileDescriptor
    private let log: FilePath

    /// Starts `program` for the container in `folder`, in a session of its own. What it says to standard error goes to a
    /// file there.
    init(_ program: FilePath, folder: FilePath) throws {
        log = Container.log(in: folder)
        let (ours, theirs) = try UnixSocket.pair()
        defer { try? theirs.close() }
        let null = try FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec)
        defer { try? null.close() }
        let output = try FileDescriptor.open(
            log, .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
        defer { try? output.close() }
        var spawn = Spawn(
            program, arguments: ["ukernel", "--control", Container.socket(in: folder).string],
            descriptors: [null, output, output, theirs])
        spawn.newSession = true
        pid = try spawn.start()
        startTime = Processes.startTime(of: pid) ?? 0
        socket = ours
        Log.shared.debug("started kernel \(program) as process \(pid)")
    }

    /// Says `boot`.
    ///
    /// - Returns: the host pid of the process that stands for the container, and the first one's terminal's master if it
    ///   has one.
    func boot(_ specification: ContainerSpecification, descriptors: [FileDescriptor]) throws -> Started {
        do {
            return try KernelConnection.start(
                .boot(specification), over: socket, terminal: specification.process.terminal, descriptors: descriptors)
        } catch let failure as KernelFailure {
            throw RuntimeError(
                "unable to start container process: \(failure.startError(of: specification.process.arguments))")
        } catch {
            // The kernel's last words, if it had time for any.
            let text = (try? readFile(log)).map { String(decoding: $0.suffix(1024), as: UTF8.self) }
            let words = (text ?? "").split(separator: "\n").suffix(3).joined(separator: "; ")
            throw RuntimeError("the kernel did not boot: \(error)" + (words.isEmpty ? "" : " (\(words))"))
        }
    }

    /// Ends the kernel, and with it what it has started: it goes by itself when its socket closes.
    func end() {
        try? socket.close()
        endKernel(pid: pid, startTime: startTime, patience: 1000)
    }
}
