import EngineAPI
import Glibc
import Host
import Synchronization
import SystemPackage

/// The daemon's ends of a process's stdio fifos. The shim holds the fifos open as well, so that a daemon that dies and
/// comes back can open them again and miss nothing but what it had read already.
final class ProcessStreams: Sendable {
    /// The paths, as the manager is told.
    let io: ProcessIO
    private let folder: FilePath
    private let poller: Poller
    private let readers: [(Frame.Stream, FileDescriptor)]
    private let input = Mutex<FileDescriptor?>(nil)
    private let inputLock = AsyncLock()
    private let ended = Promise<Void>()
    private let pumping = Mutex<Task<Void, Never>?>(nil)

    /// Makes the fifos in `folder`, unless they are there, and opens those that the process writes.
    ///
    /// - Throws: `HostError`.
    init(folder: FilePath, stdin: Bool, stdout: Bool, stderr: Bool, terminal: Bool, poller: Poller) throws {
        self.folder = folder
        self.poller = poller
        try Folders.make(folder)
        func make(_ name: String) throws -> String {
            let path = folder.appending(name).string
            guard mkfifo(path, 0o600) == 0 || errno == EEXIST else { throw HostError.last("create fifo", path) }
            return path
        }
        var io = ProcessIO()
        io.terminal = terminal
        var readers: [(Frame.Stream, FileDescriptor)] = []
        do {
            if stdin { io.stdin = try make("stdin") }
            if stdout {
                io.stdout = try make("stdout")
                readers.append((.stdout, try ProcessStreams.open(io.stdout, O_RDONLY)))
            }
            if stderr, !terminal {
                io.stderr = try make("stderr")
                readers.append((.stderr, try ProcessStreams.open(io.stderr, O_RDONLY)))
            }
        } catch {
            for (_, descriptor) in readers { try? descriptor.close() }
            throw error
        }
        self.io = io
        self.readers = readers
    }

    private static func open(_ path: String, _ mode: CInt) throws -> FileDescriptor {
        let fd = Glibc.open(path, mode | O_NONBLOCK | O_CLOEXEC)
        guard fd >= 0 else { throw HostError.last("open fifo", path) }
        return FileDescriptor(rawValue: fd)
    }

    /// Opens standard input; the shim has it open for reading by now.
    func openInput() throws {
        guard !io.stdin.isEmpty else { return }
        let descriptor = try ProcessStreams.open(io.stdin, O_WRONLY)
        input.withLock { $0 = descriptor }
    }

    /// Carries output to `log` and `hub` until the process's side is closed. With `reopened` the other side has the fifos open
    /// since long, or has closed them for good; otherwise it is yet to open them. The descriptors are closed by the tasks that
    /// read them and by nobody else, so that no number is closed twice.
    func pump(log: ContainerLog?, hub: OutputHub, reopened: Bool = false) {
        let readers = readers
        let (poller, ended) = (poller, ended)
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                for (stream, descriptor) in readers {
                    group.addTask {
                        // Before the other side has opened a fifo, a read would say "end".
                        var open = reopened
                        if !open { open = await poller.wait(descriptor, .read) }
                        if open { await ProcessStreams.pump(stream, descriptor, poller, log, hub) }
                        poller.close(descriptor)
                    }
                }
            }
            ended.fulfill(())
        }
        pumping.withLock { $0 = task }
    }

    private static func pump(
        _ stream: Frame.Stream, _ descriptor: FileDescriptor, _ poller: Poller, _ log: ContainerLog?, _ hub: OutputHub
    ) async {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, initialized in
                count = read(descriptor.rawValue, buffer.baseAddress, buffer.count)
                initialized = max(count, 0)
            }
            if count > 0 {
                log?.append(stream, bytes)
                await hub.publish(stream, bytes)
            } else if count == 0 {
                return
            } else if errno == EAGAIN || errno == EINTR {
                guard await poller.wait(descriptor, .read) else { return }
            } else {
                return
            }
        }
    }

    /// Writes to standard input; suspends while the process does not read.
    ///
    /// - Throws: `HostError` with `brokenPipe` when nobody reads any more.
    func write(_ bytes: [UInt8]) async throws {
        try await inputLock.withLock {
            var rest = bytes[...]
            while !rest.isEmpty {
                guard let descriptor = input.withLock({ $0 }) else {
                    throw HostError(.brokenPipe, "write to", "standard input")
                }
                let count = rest.withUnsafeBytes { Glibc.write(descriptor.rawValue, $0.baseAddress, $0.count) }
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    guard await poller.wait(descriptor, .write) else { throw CancellationError() }
                } else if errno != EINTR {
                    throw HostError.last("write to", "standard input")
                }
            }
        }
    }

    /// Closes the daemon's end of standard input, after what is being written.
    func closeInput() async {
        await inputLock.withLock {
            if let descriptor = input.withLock({ $0.take() }) { poller.close(descriptor) }
        }
    }

    /// Waits until all output has been read, then closes everything and removes the fifos.
    func finish(within limit: Duration) async {
        if let descriptor = input.withLock({ $0.take() }) {
            // A writer that waits gives up first: the number must not be used any more when it is closed.
            poller.stop(descriptor)
            await inputLock.withLock { poller.close(descriptor) }
        }
        if await ended.value(within: limit) == nil { stopReading() }
        removeFiles()
    }

    /// Reads no more, and leaves the fifos and what is in them to the next who opens them.
    func leave() async {
        stopReading()
        _ = await ended.value(within: .seconds(5))
    }

    /// Closes everything at once; for a process that never was.
    func abandon() {
        stopReading()
        removeFiles()
    }

    private func stopReading() {
        if let task = pumping.withLock({ $0 }) {
            task.cancel()
        } else {
            for (_, descriptor) in readers { poller.close(descriptor) }
        }
    }

    private func removeFiles() {
        for path in [io.stdin, io.stdout, io.stderr] where !path.isEmpty { unlink(path) }
        rmdir(folder.string)
    }
}
