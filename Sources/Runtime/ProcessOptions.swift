import Glibc
import Host
import SystemPackage

/// How a process is tied to the caller: what `create`, `run` and `exec` have in common.
public struct ProcessOptions: Sendable {
    /// Whether runu leaves the process to itself.
    public var isDetached: Bool
    /// Gets the host pid of the process.
    public var pidFile: FilePath?
    /// A listening unix socket that gets the terminal's master.
    public var consoleSocket: FilePath?
    /// How many descriptors from 3 on the process inherits.
    public var preservedDescriptors: Int

    /// Options for a process that runu waits for, or leaves to itself if `isDetached`.
    public init(
        isDetached: Bool, pidFile: FilePath? = nil, consoleSocket: FilePath? = nil, preservedDescriptors: Int = 0
    ) {
        self.isDetached = isDetached
        self.pidFile = pidFile
        self.consoleSocket = consoleSocket
        self.preservedDescriptors = preservedDescriptors
    }

    /// The descriptors that go to the kernel with the process: standard ones unless it has a terminal, then those preserved.
    func descriptors(terminal: Bool) throws -> [FileDescriptor] {
        var descriptors: [FileDescriptor] = []
        if !terminal {
            for number in CInt(0)...2 {
                if fcntl(number, F_GETFD) < 0, open("/dev/null", O_RDWR) != number {
                    throw RuntimeError("standard descriptor \(number) is closed and cannot be opened")
                }
                descriptors.append(FileDescriptor(rawValue: number))
            }
        }
        let activated = Host.environment("LISTEN_FDS").flatMap { Int($0) } ?? 0
        let count = preservedDescriptors + max(activated, 0)
        // The kernel hands them to the nursery with the three standard ones and the arguments' file, in one message.
        let most = UnixSocket.mostDescriptors - 4
        guard count <= most else { throw RuntimeError("cannot preserve \(count) descriptors: \(most) is the most") }
        for number in 3..<(3 + max(count, 0)) {
            guard fcntl(CInt(number), F_GETFD) >= 0 else {
                throw RuntimeError("unable to preserve descriptor \(number): it is not open")
            }
            descriptors.append(FileDescriptor(rawValue: CInt(number)))
        }
        return descriptors
    }

    /// Socket activation as runc hands it on (sd_listen_fds(3)).
    var activation: [String] {
        Host.environment("LISTEN_FDS").map { ["LISTEN_FDS=\($0)", "LISTEN_PID=1"] } ?? []
    }

    func writePidFile(_ pid: Int32) throws {
        guard let pidFile else { return }
        try AtomicFile.write("\(pid)".utf8, to: pidFile, mode: 0o666)
    }

}
