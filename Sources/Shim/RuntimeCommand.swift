// Unsafe pointers: reading from a descriptor.
import CHost
import Glibc
import Host
import SystemPackage
import TTRPC

/// Runs the OCI runtime, without waiting for it.
final class RuntimeCommand {
    /// What a run came to.
    struct Outcome {
        /// 128 + the signal's number for a runtime that was killed.
        var exitCode: CInt
        /// What it printed, when that was asked for.
        var output: [UInt8]
        /// What it said of its failure.
        var message: String
    }

    private let loop: EventLoop
    private let children: Children
    private var runs = 0

    init(loop: EventLoop, children: Children) {
        self.loop = loop
        self.children = children
    }

    /// Starts `runtime --root R --log BUNDLE/log-N.json --log-format json ARGUMENTS`; `completion` is called from the loop
    /// after its end.
    ///
    /// - Parameters:
    ///   - streams: standard input, output and error; with nil they are /dev/null, and the output is collected.
    ///   - makesProcess: whether the command makes a container process: see `Children.beginClaim`. The claim ends after
    ///     `completion`.
    /// - Throws: `TTRPCError` when the runtime cannot be executed.
    func run(
        _ settings: RuntimeSettings, bundle: String, _ arguments: [String], streams: [FileDescriptor?]? = nil,
        makesProcess: Bool = false, completion: @escaping (Outcome) -> Void
    ) throws {
        let executable = try settings.executable()
        runs += 1
        let log = "\(bundle)/log-\(runs).json"
        let collector = try streams == nil ? OutputCollector(loop) : nil
        let null = FileDescriptor(rawValue: open("/dev/null", O_RDWR | O_CLOEXEC))
        defer { try? null.close() }
        var spawn = Spawn(
            FilePath(executable),
            arguments: [settings.binary, "--root", settings.root, "--log", log, "--log-format", "json"] + arguments,
            // Else what it says of its failure would reach the client twice.
            environment: Spawn.inheritedEnvironment() + ["RUNU_ERRORS=log"],
            descriptors: (streams ?? [nil, collector?.input, nil]).map { $0 ?? null })
        spawn.workingDirectory = FilePath(bundle)
        // One that hangs would keep the container locked, also for who clears away what a dead shim has left.
        spawn.parentDeathSignal = SIGKILL
        if makesProcess { children.beginClaim() }
        let pid: pid_t
        do { pid = try spawn.start() } catch {
            if makesProcess { children.endClaim() }
            collector?.close()
            throw TTRPCError(.unknown, "\(error): unknown")
        }
        collector?.closeInput()
        children.expect(pid) { [self] status in
            let code = ukh_exit_code(status)
            let output = collector?.finish() ?? []
            Log.debug("\(settings.binary) \(arguments): exit code \(code)")
            let message = code == 0 ? "" : RuntimeCommand.lastError(inLog: log) ?? "exit status \(code)"
            unlink(log)
            completion(Outcome(exitCode: code, output: output, message: message))
            if makesProcess { children.endClaim() }
        }
    }

    /// The message of the last error in a log of JSON lines.
    static func lastError(inLog path: String) -> String? {
        guard let bytes = readFile(path) else { return nil }
        for line in bytes.split(separator: 0x0A).reversed() {
            guard let entry = JSONValue(Array(line)), let level = entry["level"].string else { continue }
            if level == "error" || level == "fatal" || level == "panic", let message = entry["msg"].string {
                return message
            }
        }
        return nil
    }
}

/// Reads what a child prints, so that it never waits for room in the pipe.
private final class OutputCollector {
    let input: FileDescriptor
    private let output: FileDescriptor
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private var bytes: [UInt8] = []
    private var isInputOpen = true

    init(_ loop: EventLoop) throws {
        self.loop = loop
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TTRPCError(.unavailable, "\(HostError.last("create", "pipe"))") }
        output = FileDescriptor(rawValue: ends[0])
        input = FileDescriptor(rawValue: ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = ukh_set_nonblocking(ends[0], 1)
        watch = try? loop.watch(ends[0], .read) { [unowned self] _ in take() }
    }

    func closeInput() {
        if isInputOpen { try? input.close() }
        isInputOpen = false
    }

    func finish() -> [UInt8] {
        take()
        close()
        return bytes
    }

    func close() {
        closeInput()
        if let watch { loop.unwatch(watch) }
        watch = nil
        try? output.close()
    }

    private func take() {
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output.rawValue, &room, room.count)
            if count < 0, errno == EINTR { continue }
            if count == 0, let watch { loop.change(watch, to: []) }
            guard count > 0 else { return }
            if bytes.count < 1 << 20 { bytes.append(contentsOf: room[..<count]) }
        }
    }
}
