import CHost
import CShimMessages
import Glibc
import Host
import SystemPackage
import TTRPC

/// `delete`: clears away what a dead shim has left, and prints a DeleteResponse.
struct DeleteCommand {
    private let options: ShimOptions
    private let bundle: String

    /// - Throws: `ShimUsageError`.
    init(_ options: ShimOptions) throws {
        guard !options.id.isEmpty else { throw ShimUsageError(description: "shim id cannot be empty") }
        self.options = options
        bundle = try bundleFolder(options)
    }

    /// - Throws: `HostError` or `TTRPCError` when the runtime cannot be executed.
    func run() throws {
        let settings = RuntimeSettings.load(fromBundle: bundle, namespace: options.namespace)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw HostError.last("open", "/dev/null") }
        defer { close(null) }
        let nothing = FileDescriptor(rawValue: null)
        var runtime = Spawn(
            FilePath(try settings.executable()),
            arguments: [
                settings.binary, "--root", settings.root, "--log", bundle + "/log.json", "--log-format", "json",
                "delete",
                "--force", options.id,
            ], descriptors: [nothing, nothing, .standardError])
        runtime.workingDirectory = FilePath(bundle)
        let code = ukh_exit_code(Processes.waitForEnd(of: try runtime.start()))
        if code != 0 {
            // The container may be gone already: what counts is that nothing is left.
            let message = RuntimeCommand.lastError(inLog: bundle + "/log.json") ?? "exit status \(code)"
            Log.error("delete \(options.id): \(message)")
        }
        let path =
            ShimSocket.path(inBundle: bundle)
            ?? ShimSocket.path(manager: options.address, namespace: options.namespace, id: options.id).string
        if !UnixSocket.isAlive(FilePath(path)) {
            unlink(path)
            endUnreachable()
        }
        let arena = MessageArena()
        let response: Containerd__Task__V3__DeleteResponse = makeMessage(
            containerd__task__v3__delete_response__init
        ) {
            $0.exit_status = 128 + UInt32(SIGKILL)
            $0.exited_at = Timestamp.now().message(in: arena)
        }
        ShimProgram.put(withExtendedLifetime(arena) { encodeMessage(response) }, to: STDOUT_FILENO)
    }

    /// Ends the bundle's shim where it runs on without a socket: nobody can speak to it any more.
    private func endUnreachable() {
        guard let bytes = readFile(bundle + "/shim.pid", limit: 20),
            let pid = pid_t(String(decoding: bytes, as: UTF8.self)),
            pid > 1, let own = Processes.ownProgram, readLink("/proc/\(pid)/exe") == own.string,
            readLink("/proc/\(pid)/cwd") == bundle
        else { return }
        kill(pid, SIGKILL)
    }
}
