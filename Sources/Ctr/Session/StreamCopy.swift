import Archive
import Glibc
import SystemPackage

/// Copies between this process' standard streams and the pipes of a container's process, on threads of their own: opening
/// a pipe blocks until the other side has it, and so does reading a terminal.
struct StreamCopy: Sendable {
    private let outputs: [Task<Void, any Error>]

    /// Begins to copy.
    ///
    /// - Parameter inputEnded: called when standard input has ended.
    init(_ fifos: FifoSet, inputEnded: @escaping @Sendable () -> Void) {
        let io = fifos.io
        if !io.stdin.isEmpty {
            BlockingWork.start {
                Self.copy(from: STDIN_FILENO, to: open(io.stdin, O_WRONLY | O_CLOEXEC))
                inputEnded()
            }
        }
        outputs = [(io.stdout, STDOUT_FILENO), (io.stderr, STDERR_FILENO)].compactMap { path, target in
            guard !path.isEmpty else { return nil }
            return Task {
                try await BlockingWork.run {
                    let source = open(path, O_RDONLY | O_CLOEXEC)
                    Self.copy(from: source, to: target)
                    close(source)
                }
            }
        }
    }

    /// Waits until all output has arrived; gives up after `patience`, should another process hold the pipes open.
    func finish(patience: Duration = .seconds(5)) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for output in outputs { try? await output.value } }
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
            // The threads cannot be interrupted, and the process is about to end: nobody waits for them.
        }
    }

    private static func copy(from source: CInt, to target: CInt) {
        guard source >= 0, target >= 0 else { return }
        defer { if target > STDERR_FILENO { close(target) } }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN {
                if errno == EAGAIN { usleep(10_000) }
                continue
            }
            guard count > 0 else { return }
            var sent = 0
            while sent < count {
                let written = write(target, buffer.baseAddress! + sent, count - sent)
                if written < 0, errno == EINTR || errno == EAGAIN { continue }
                guard written > 0 else { return }
                sent += written
            }
        }
    }
}
