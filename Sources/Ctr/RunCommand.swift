import ArgumentParser
import ContainerdAPI
import ContainerdClient
import Glibc
import RPC

/// `ukctr run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Makes a container and runs it.",
        usage: "ukctr run [<options>] <image> <id> [<command> ...]")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var settings: ContainerOptions
    @Flag(help: "Removes the container when it has ended.") var rm = false
    @Flag(name: [.short, .long], help: "Does not stay with the process.") var detach = false
    @Flag(name: .customLong("null-io"), help: "Gives the process no streams.") var nullIO = false
    @Option(name: .customLong("log-uri"), help: "Where output goes, such as file:///PATH.") var logURI: String?
    @Option(name: .customLong("pid-file"), help: "Gets the pid of the process.") var pidFile: String?
    @Argument(
        parsing: .captureForPassthrough,
        help: "The image's name (with --rootfs: a folder), the container's id, and a command.")
    var arguments: [String] = []

    func run() async throws {
        let client = try options.client()
        if rm, detach { throw ValidationError("flags --detach and --rm cannot be specified together") }
        let (container, mounts) = try await settings.create(client, arguments: arguments, terminal: settings.tty)
        var cleanUp = true
        do {
            let code = try await run(container.id, mounts, client: client)
            if detach { return }
            if rm {
                try await client.removeContainer(container.id)
            } else {
                cleanUp = false
                try await client.tasks.delete(container.id)
            }
            if code != 0 { throw ExitCode(Int32(code)) }
        } catch {
            // What never ran leaves nothing behind; what failed at the end is the user's to look at.
            if cleanUp, !(error is ExitCode) {
                try? await client.tasks.kill(container.id, signal: UInt32(SIGKILL))
                _ = try? await client.tasks.delete(container.id)
                try? await client.removeContainer(container.id)
            }
            throw error
        }
    }

    private func run(_ id: String, _ mounts: [Mount], client: ContainerdClient) async throws -> UInt32 {
        if nullIO || logURI != nil {
            let output = logURI ?? ""
            let io = TaskIO(stdout: output, stderr: settings.tty ? "" : output, terminal: settings.tty)
            return try await follow(id, client: client) {
                try writePid(try await client.tasks.create(id, rootfs: mounts, io: io))
            }
        }
        let fifos = try FifoSet(id: id, terminal: settings.tty)
        defer { if !detach { fifos.remove() } }
        let session = ProcessSession(client: client, container: id, exec: nil, fifos: fifos)
        if detach {
            do {
                try await fifos.held {
                    try writePid(try await client.tasks.create(id, rootfs: mounts, io: fifos.io))
                    _ = try await client.tasks.start(id)
                }
            } catch {
                fifos.remove()
                throw error
            }
            return 0
        }
        return try await session.run {
            try writePid(try await client.tasks.create(id, rootfs: mounts, io: fifos.io))
        } start: {
            _ = try await client.tasks.start(id)
        }
    }

    /// Runs a process without streams.
    private func follow(
        _ id: String, client: ContainerdClient, create: () async throws -> Void
    ) async throws -> UInt32 {
        try await create()
        _ = try await client.tasks.start(id)
        return detach ? 0 : try await client.tasks.wait(id).status
    }

    private func writePid(_ pid: UInt32) throws {
        guard let pidFile else { return }
        guard let file = fopen(pidFile, "w") else {
            throw RPCError(.invalidArgument, "cannot write the pid file \(pidFile)")
        }
        fputs("\(pid)", file)
        fclose(file)
    }
}
