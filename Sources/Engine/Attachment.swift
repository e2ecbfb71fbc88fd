import EngineAPI
import Host
import SystemPackage

/// A client's connection to the stdio of a process.
public struct Attachment: Sendable {
    /// Output from now on; nil when the client wants none.
    public var output: OutputSubscription?
    /// Frames that come before it: the log so far.
    public var past: [Frame]
    /// Where the client's bytes go; nil when it sends none or the process takes none.
    public var input: InputSink?
    /// Whether the process has a terminal: its output is one stream of bytes then, without frames.
    public var terminal: Bool
}

/// Standard input of a process as a client writes it.
public struct InputSink: Sendable {
    let closesAtEnd: Bool
    let streams: @Sendable () async throws -> ProcessStreams?
    let closeRemote: @Sendable () async throws -> Void

    init(
        closesAtEnd: Bool, streams: @escaping @Sendable () async throws -> ProcessStreams?,
        closeRemote: @escaping @Sendable () async throws -> Void
    ) {
        self.closesAtEnd = closesAtEnd
        self.streams = streams
        self.closeRemote = closeRemote
    }

    /// Writes bytes; waits until the process runs and while it does not read. False when it never will.
    public func write(_ bytes: [UInt8]) async throws -> Bool {
        guard let streams = try await streams() else { return false }
        do {
            try await streams.write(bytes)
            return true
        } catch let error as HostError where error.errno == .brokenPipe {
            return false
        }
    }

    /// Says that the client sends no more: the process sees the end of its input, if that is what the container wants.
    public func end() async throws {
        guard closesAtEnd, let streams = try await streams() else { return }
        await streams.closeInput()
        try await closeRemote()
    }
}

extension Container {
    /// Attaches a client.
    func attach(stdin: Bool, stdout: Bool, stderr: Bool, logs: Bool, stream: Bool) throws -> Attachment {
        if record.phase == .paused {
            throw EngineError(409, "container \(id) is paused, unpause the container before attach")
        }
        if isRemoving { throw EngineError(409, "container \(id) is marked for removal") }
        let output = stream && (stdout || stderr) ? hub.subscribe(stdout: stdout, stderr: stderr) : nil
        var sink: InputSink?
        if stdin, stream, record.config.openStdin {
            let promise = input
            let (manager, id) = (services.manager, id)
            sink = InputSink(
                closesAtEnd: record.config.stdinOnce && !record.config.tty, streams: { try await promise.value }
            ) { try await manager.closeInput(id, exec: nil) }
        }
        event("attach")
        return Attachment(output: output, past: [], input: sink, terminal: record.config.tty)
    }

    /// Where the log is to be read.
    ///
    /// - Throws: `EngineError` with 501 when output is not kept.
    func logSource(_ options: LogOptions) throws -> LogSource {
        guard record.hostConfig.logConfig.type != "none" else {
            throw EngineError(501, "configured logging driver does not support reading")
        }
        var options = options
        // A terminal's output is one stream.
        if record.config.tty, options.stderr { options.stdout = true }
        return LogSource(path: logPath, options: options, log: log, terminal: record.config.tty)
    }
}

/// A container's log, to be read by one client.
struct LogSource: Sendable {
    var path: FilePath
    var options: LogOptions
    /// The writer, while the container runs.
    var log: ContainerLog?
    var terminal: Bool

    func open() throws -> LogReader { try LogReader(path: path, options: options, log: log) }
}
