// Unsafe pointers: what goes from the process's fifos to the terminal.
import ArgumentParser
import ContainerdAPI
import Glibc
import Host
import OCISpec
import SwiftProtobuf
import TTRPC

/// `ukctr shim exec`
struct ShimExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Runs a program in a container, shows what it prints and ends with its exit code.")

    @OptionGroup var target: ShimTarget
    @Option(help: "The new process's name (default: one that nobody has).")
    var execID: String?
    @Flag(name: [.customShort("d"), .long], help: "Starts it and does not wait; what it prints is lost.")
    var detach = false
    @Option(help: "The folder it starts in.")
    var cwd = "/"
    @Option(name: [.customShort("e"), .long], help: "NAME=value in its environment; may be given again.")
    var env: [String] = []
    @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
    var command: [String]

    func run() throws {
        let arguments = command.first == "--" ? Array(command.dropFirst()) : command
        guard !arguments.isEmpty else { throw ValidationError("give the program to run") }
        let name = execID ?? "exec-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        var request = Containerd_Task_V2_ExecProcessRequest()
        request.execID = name
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        request.spec.typeURL = "types.containerd.io/opencontainers/runtime-spec/1/Process"
        request.spec.value.append(
            contentsOf: try JSON.encode(RuntimeSpec.Process(args: arguments, env: [path] + env, cwd: cwd)))
        let streams = detach ? nil : try ExecStreams(name)
        defer { streams?.remove() }
        request.stdout = streams?.fifos.io.stdout ?? ""
        request.stderr = streams?.fifos.io.stderr ?? ""
        let _: Google_Protobuf_Empty = try target.call("Exec", request)
        let code = try start(name, streams)
        if code != 0 { throw ExitCode(Int32(truncatingIfNeeded: code)) }
    }

    private func start(_ name: String, _ streams: ExecStreams?) throws -> UInt32 {
        let process = ShimProcess(target, name)
        do {
            let started: Containerd_Task_V2_StartResponse = try process.call(
                "Start", Containerd_Task_V2_StartRequest())
            guard let streams else {
                var table = Table("EXEC", "PID")
                table.add(name, "\(started.pid)")
                try target.show(started, table)
                return 0
            }
            streams.copy()
        } catch {
            let _: Containerd_Task_V2_DeleteResponse? = try? process.call(
                "Delete", Containerd_Task_V2_DeleteRequest())
            throw error
        }
        let end: Containerd_Task_V2_WaitResponse = try process.call("Wait", Containerd_Task_V2_WaitRequest())
        let _: Containerd_Task_V2_DeleteResponse = try process.call("Delete", Containerd_Task_V2_DeleteRequest())
        return end.exitStatus
    }
}

/// Two fifos, for what a process prints, and this process at their other ends.
private struct ExecStreams {
    let fifos: FifoSet
    private let readers: [CInt]

    init(_ process: String) throws {
        fifos = try FifoSet(id: process, terminal: false, input: false)
        readers = try [fifos.io.stdout, fifos.io.stderr].map { path in
            let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            guard reader >= 0 else { throw HostError.last("open", path) }
            return reader
        }
    }

    /// Copies to standard output and error until the process, and whoever inherited its streams, is gone.
    func copy() {
        var entries = readers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var room = [UInt8](repeating: 0, count: 65536)
        while entries.contains(where: { $0.fd >= 0 }) {
            if poll(&entries, nfds_t(entries.count), -1) < 0, errno != EINTR { return }
            for index in entries.indices where entries[index].revents != 0 {
                let count = read(entries[index].fd, &room, room.count)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else {
                    entries[index].fd = -1
                    continue
                }
                var written = 0
                while written < count {
                    let n = room.withUnsafeBytes { write(CInt(index + 1), $0.baseAddress! + written, count - written) }
                    if n < 0, errno != EINTR { return }
                    written += max(n, 0)
                }
            }
        }
    }

    func remove() {
        for reader in readers { close(reader) }
        fifos.remove()
    }
}
