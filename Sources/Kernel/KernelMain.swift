import CKernel
import Glibc
import Host
import KernelProtocol
import SystemPackage

/// `ukernel`: starts the kernel of one container. Descriptor 3 is connected to runu, which says `boot` on it.
public enum KernelMain {
    /// Runs the program; does not return.
    public static func run(arguments: [String]) -> Never {
        ukk_keep_small()
        switch arguments.dropFirst().first {
        case "--print-syscalls":
            print(SystemCallDocument.text, terminator: "")
            exit(0)
        case "--help", "-h":
            print(usage)
            exit(0)
        case "--control" where arguments.count == 3:
            serve(FilePath(arguments[2]))
        default:
            complain(usage)
            exit(64)
        }
    }

    private static func complain(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll("\(text)\n".utf8)
    }

    private static let usage = """
        usage: ukernel --control PATH
        The kernel of one container. runu starts it, with descriptor 3 connected to itself, and says what to run.
          --control PATH     where to listen for later calls of runu
          --print-syscalls   print, as Markdown, what is done with every system call
        """

    private static func serve(_ path: FilePath) -> Never {
        let boss = FileDescriptor(rawValue: 3)
        signal(SIGPIPE, SIG_IGN)
        // Files are made with the caller's own umask, not with this process's.
        umask(0)
        _ = fcntl(3, F_SETFD, FD_CLOEXEC)
        // While runu looks at the bundle. What is wrong is said when it asks.
        let beginning = Result {
            try Nursery.begin(
                rows: SystemCallTable.rows, loader: try openLoader(), keepsDescendants: try Ancestry.isNeeded())
        }
        do {
            guard let (message, descriptors) = try Message.receive(from: boss) else {
                (try? beginning.get())?.end()
                exit(0)
            }
            guard case .boot(let specification) = message else {
                throw KernelFailure(errno: .invalidArgument, text: "the first message has to be boot")
            }
            let begun = try beginning.get()
            let nursery = try Nursery(begun)
            raiseDescriptorLimit()
            let kernel = try Kernel(
                specification: specification, nursery: nursery, loader: begun.loader, controlPath: path)
            let listener = try UnixSocket.listen(path)
            kernel.controlListener = listener.rawValue
            kernel.events.add(listener.rawValue, .control)
            kernel.adopt(Connection(boss))
            if begun.keepsDescendants { try kernel.standForFirst() }
            try kernel.begin(
                specification.process, waiter: .subreaper, isFirst: true, connection: boss.rawValue,
                descriptors: descriptors)
            for descriptor in descriptors { try? descriptor.close() }
            try kernel.run()
        } catch {
            let errno =
                switch error {
                case let failure as KernelFailure: failure.errno.rawValue
                case let failure as HostError: failure.errno.rawValue
                default: EBADMSG
                }
            if (try? Message.failure(errno: errno, text: "\(error)").send(to: boss)) == nil {
                complain("ukernel: \(error); nobody is told at descriptor 3: it is runu that starts this program")
            }
            exit(1)
        }
    }

    /// The loader lies beside this program. Opened for reading: the host passes on no descriptor that is O_PATH.
    private static func openLoader() throws(HostError) -> CInt {
        var buffer = [CChar](repeating: 0, count: 4096)
        let n = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard n > 0 else { throw HostError.last("read", "/proc/self/exe") }
        let program = FilePath(String(decoding: buffer[..<n].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        let path = program.removingLastComponent().appending("ukloader").string
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw HostError.last("open loader", path) }
        return fd
    }

    /// Every socket and file that is kept for a process takes a descriptor here.
    private static func raiseDescriptorLimit() {
        let files = UInt32(RLIMIT_NOFILE.rawValue)
        var limit: [UInt64] = [0, 0]
        guard ukk_prlimit(0, files, nil, &limit) == 0 else { return }
        limit[0] = limit[1]
        _ = ukk_prlimit(0, files, limit, nil)
    }
}
