import CHost
import Glibc
import Host
import RPC
import SystemPackage
import TTRPC

/// Where a process's standard input, output and error go, as a client names them.
struct StreamPaths: Equatable {
    var input = ""
    var output = ""
    var error = ""
    var isTerminal = false
}

/// The client's ends of a process's standard streams, opened.
///
/// Without a terminal the process gets the fifos themselves: nothing is copied, and what it has written is in the fifo
/// when its end is told. The shim holds the other ends, so that a client may die and come back: the writing end of the
/// input until CloseIO, the reading ends of output and error until Delete. So nothing that was written gets lost, no
/// process gets SIGPIPE, and a reader sees the end of the file when the last process that has the stream is gone.
final class StandardStreams {
    /// What the process gets; nil is /dev/null. Given up by `handOver`.
    private(set) var process: [FileDescriptor?] = [nil, nil, nil]
    private var inputWriter: FileDescriptor?
    private var kept: [FileDescriptor] = []
    private var logProgram: LogProgram?

    /// Opens what `paths` names: a fifo's or a file's path, a `file://` or `binary://` URI, or nothing.
    ///
    /// - Throws: `TTRPCError` that names the path.
    init(_ paths: StreamPaths, container: String, namespace: String) throws {
        do {
            if !paths.input.isEmpty { try openInput(paths.input) }
            if paths.output.hasPrefix("binary://") {
                let program = try LogProgram(uri: paths.output, container: container, namespace: namespace)
                logProgram = program
                process[1] = program.output
                process[2] = program.error
                return
            }
            if !paths.output.isEmpty { process[1] = try openOutput(paths.output) }
            if !paths.error.isEmpty, !paths.isTerminal {
                process[2] =
                    paths.error == paths.output && !StandardStreams.isFifo(paths.error)
                    ? process[1] : try openOutput(paths.error)
            }
        } catch {
            close()
            throw error
        }
    }

    /// Calls `completion` once the streams can be used.
    func whenReady(_ loop: EventLoop, _ completion: @escaping (TTRPCError?) -> Void) {
        guard let logProgram else { return completion(nil) }
        logProgram.whenReady(loop, completion)
        self.logProgram = nil
    }

    /// The client will send no more: its end of the input is the end of the file.
    func closeInput() {
        try? inputWriter?.close()
        inputWriter = nil
    }

    /// The process has its descriptors: closes those of the shim.
    func handOver() {
        var closed: [CInt] = []
        for descriptor in process.compactMap({ $0 }) where !closed.contains(descriptor.rawValue) {
            closed.append(descriptor.rawValue)
            try? descriptor.close()
        }
        process = [nil, nil, nil]
    }

    /// Closes everything.
    func close() {
        handOver()
        closeInput()
        for descriptor in kept { try? descriptor.close() }
        kept = []
    }

    private func openInput(_ path: String) throws {
        let reader = try open(path, O_RDONLY | O_NONBLOCK)
        process[0] = reader
        guard StandardStreams.isFifo(path) else { return }
        inputWriter = try open(path, O_WRONLY | O_NONBLOCK)
        _ = ukh_set_nonblocking(reader.rawValue, 0)
    }

    private func openOutput(_ uri: String) throws -> FileDescriptor {
        if let scheme = uri.utf8.firstRange(of: "://") {
            guard uri.hasPrefix("file://") else {
                let name = String(uri[..<scheme])
                throw TTRPCError(.unimplemented, "unknown STDIO scheme \(name): not implemented")
            }
            let path = FilePath(String(uri.dropFirst("file://".count)))
            try Folders.make(path.removingLastComponent())
            return try open(path.string, O_WRONLY | O_APPEND | O_CREAT)
        }
        guard StandardStreams.isFifo(uri) else { return try open(uri, O_WRONLY | O_APPEND) }
        kept.append(try open(uri, O_RDONLY | O_NONBLOCK))
        return try open(uri, O_WRONLY)
    }

    private func open(_ path: String, _ flags: CInt) throws -> FileDescriptor {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, 0o644)
        guard descriptor >= 0 else {
            let code: RPCCode = errno == ENOENT ? .notFound : .unknown
            throw TTRPCError(code, "failed to open stdio: \(HostError.last("open", path))")
        }
        return FileDescriptor(rawValue: descriptor)
    }

    private static func isFifo(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }
}

extension String.UTF8View {
    /// The first place where `text` stands.
    fileprivate func firstRange(of text: String) -> Index? {
        let pattern = Array(text.utf8)
        var start = startIndex
        while start < endIndex {
            if self[start...].starts(with: pattern) { return start }
            start = index(after: start)
        }
        return nil
    }
}
