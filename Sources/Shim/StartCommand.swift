import Glibc
import Host
import SystemPackage

/// `start`: starts the shim of a container in a session of its own and prints where it listens.
struct StartCommand {
    private let options: ShimOptions
    private let bundle: String

    /// - Throws: `ShimUsageError`.
    init(_ options: ShimOptions) throws {
        guard !options.id.isEmpty else { throw ShimUsageError(description: "shim id cannot be empty") }
        self.options = options
        bundle = try bundleFolder(options)
    }

    /// - Throws: `HostError`.
    func run() throws {
        let path = ShimSocket.path(manager: options.address, namespace: options.namespace, id: group)
        let address = "unix://\(path)"
        try Folders.make(path.removingLastComponent())
        do {
            let listener = try UnixSocket.listen(path)
            defer { try? listener.close() }
            do { try spawn(listener) } catch {
                unlink(path.string)
                throw error
            }
        } catch let error as HostError where error.errno == .addressInUse {
            // The pod's shim is there, or this start is said again: that one serves.
        }
        try AtomicFile.write(address.utf8, to: FilePath(bundle).appending("address"))
        ShimProgram.put(answer(address), to: STDOUT_FILENO)
    }

    /// What containerd reads: since 2.0 the parameters as JSON, from a client that knows version 3 of the Task service;
    /// the address alone is what all versions understand.
    private func answer(_ address: String) -> String {
        guard let known = environment("MAX_SHIM_VERSION").flatMap({ Int($0) }), known >= 3 else { return address }
        var escaped = ""
        for scalar in address.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { escaped.unicodeScalars.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        return #"{"version":3,"address":""# + escaped + #"","protocol":"ttrpc"}"#
    }

    /// A pod's containers share the shim of its sandbox.
    private var group: String {
        guard let bytes = readFile(bundle + "/config.json", limit: 16 << 20), let document = JSONValue(bytes) else {
            return options.id
        }
        return document["annotations"]["io.kubernetes.cri.sandbox-id"].string ?? options.id
    }

    private func spawn(_ listener: FileDescriptor) throws {
        guard let executable = Processes.ownProgram else { throw HostError.last("read link", "/proc/self/exe") }
        var arguments = ["containerd-shim-runu-v2", "-namespace", options.namespace, "-id", options.id]
        arguments += ["-address", options.address]
        if options.isDebug { arguments.append("-debug") }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw HostError.last("open", "/dev/null") }
        defer { close(null) }
        let nothing = FileDescriptor(rawValue: null)
        let log = openLog().map { FileDescriptor(rawValue: $0) }
        defer { try? log?.close() }
        var daemon = Spawn(
            executable, arguments: arguments, descriptors: [nothing, nothing, log ?? nothing, listener])
        daemon.workingDirectory = FilePath(bundle)
        daemon.newSession = true
        let pid = try daemon.start()
        try AtomicFile.write("\(pid)".utf8, to: FilePath(bundle).appending("shim.pid"))
    }

    /// The bundle's log fifo, open for both directions: so the shim may write whether anybody reads or not.
    private func openLog() -> CInt? {
        let path = bundle + "/log"
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
        let descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : nil
    }
}

/// The bundle that a command is about, as an absolute path.
///
/// - Throws: `HostError` when there is no such folder.
func bundleFolder(_ options: ShimOptions) throws -> String {
    let path = options.bundle.isEmpty ? "." : options.bundle
    guard let resolved = realpath(path, nil) else { throw HostError.last("open bundle", path) }
    defer { free(resolved) }
    return String(cString: resolved)
}
