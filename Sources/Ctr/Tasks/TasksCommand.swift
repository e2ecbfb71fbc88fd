import ArgumentParser
import ContainerdAPI
import ContainerdClient
import Glibc
import OCISpec
import RPC

/// `ukctr tasks`
struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "Tasks: what runs.",
        subcommands: [
            ListTasks.self, StartTask.self, ExecTask.self, AttachTask.self, KillTask.self, WaitTask.self,
            RemoveTask.self, TaskPids.self, PauseTask.self, ResumeTask.self, TaskMetrics.self,
        ],
        aliases: ["task", "t"])
}

struct ListTasks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists tasks.", aliases: ["list"])
    @OptionGroup var options: GlobalOptions
    @Flag(name: [.short, .long], help: "Prints ids only.") var quiet = false

    func run() async throws {
        let tasks = try await options.client().tasks.list()
        if options.isJSON { return try printJSON(tasks) }
        // ctr's server gives the container's id in either field.
        let rows = tasks.map { (id: $0.id.isEmpty ? $0.containerID : $0.id, task: $0) }
        if quiet { return rows.forEach { print($0.id) } }
        var table = Table("TASK", "PID", "STATUS")
        for row in rows { table.add(row.id, "\(row.task.pid)", row.task.status.name) }
        table.print()
    }
}

extension TaskStatus {
    /// As ctr prints it.
    var name: String {
        switch self {
        case .created: "CREATED"
        case .running: "RUNNING"
        case .stopped: "STOPPED"
        case .paused: "PAUSED"
        case .pausing: "PAUSING"
        default: "UNKNOWN"
        }
    }
}

struct StartTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Starts a container that has been made.")
    @OptionGroup var options: GlobalOptions
    @Flag(name: [.short, .long], help: "Does not stay with the process.") var detach = false
    @Flag(name: .customLong("null-io"), help: "Gives the process no streams.") var nullIO = false
    @Argument(help: "The container's id.") var id: String

    func run() async throws {
        let client = try options.client()
        let container = try await client.containers.get(id)
        let spec: RuntimeSpec = try JSON.decode(from: [UInt8](container.spec.value))
        let terminal = spec.process?.terminal ?? false
        let mounts =
            container.snapshotKey.isEmpty
            ? [] : try await client.snapshots(container.snapshotter).mounts(container.snapshotKey)
        let fifos = nullIO ? FifoSet(existing: TaskIO(terminal: terminal)) : try FifoSet(id: id, terminal: terminal)
        if detach || nullIO {
            do {
                try await fifos.held {
                    _ = try await client.tasks.create(id, rootfs: mounts, io: fifos.io)
                    _ = try await client.tasks.start(id)
                }
            } catch {
                fifos.remove()
                throw error
            }
            if detach { return }
        }
        defer { fifos.remove() }
        let session = ProcessSession(client: client, container: id, exec: nil, fifos: fifos)
        let code = try await session.run {
            if !nullIO { _ = try await client.tasks.create(id, rootfs: mounts, io: fifos.io) }
        } start: {
            if !nullIO { _ = try await client.tasks.start(id) }
        }
        try await client.tasks.delete(id)
        if code != 0 { throw ExitCode(Int32(code)) }
    }
}

struct AttachTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Stays with a process that runs.")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The container's id.") var id: String

    func run() async throws {
        let client = try options.client()
        let task = try await client.tasks.get(id)
        let io = TaskIO(stdin: task.stdin, stdout: task.stdout, stderr: task.stderr, terminal: task.terminal)
        let session = ProcessSession(client: client, container: id, exec: nil, fifos: FifoSet(existing: io))
        let code = try await session.run()
        try await client.tasks.delete(id)
        FifoSet.removeLeft(io)
        if code != 0 { throw ExitCode(Int32(code)) }
    }
}

struct ExecTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Runs a further process in a container.",
        usage: "ukctr tasks exec --exec-id <name> [<options>] <id> <command> ...")
    @OptionGroup var options: GlobalOptions
    @Option(name: .customLong("exec-id"), help: "Names the process.") var execID: String?
    @Option(help: "The working directory.") var cwd: String?
    @Option(name: [.short, .long], help: "user[:group], by name or number.") var user: String?
    @Option(help: "NAME=value") var env: [String] = []
    @Flag(name: [.short, .customLong("tty")], help: "Gives the process a terminal.") var tty = false
    @Flag(name: [.short, .long], help: "Does not stay with the process.") var detach = false
    @Argument(parsing: .captureForPassthrough, help: "The container's id and a command.")
    var arguments: [String] = []

    func run() async throws {
        guard arguments.count > 1, let id = arguments.first else {
            throw ValidationError("container id and command must be given")
        }
        let client = try options.client()
        let container = try await client.containers.get(id)
        let spec: RuntimeSpec = try JSON.decode(from: [UInt8](container.spec.value))
        var process = spec.process ?? RuntimeSpec.Process(args: nil)
        process.args = Array(arguments.dropFirst())
        process.terminal = tty
        if let cwd { process.cwd = cwd }
        if !env.isEmpty { process.env = (process.env ?? []) + env }
        if let user {
            let mounts =
                container.snapshotKey.isEmpty
                ? [] : try await client.snapshots(container.snapshotter).mounts(container.snapshotKey)
            process.user = try UserFiles(mounts: mounts).resolve(user)
        }
        let exec = execID ?? "exec-\(UInt32.random(in: 0 ... .max))"
        if detach {
            try await client.tasks.exec(id, exec: exec, process: process, io: TaskIO(terminal: tty))
            _ = try await client.tasks.start(id, exec: exec)
            return
        }
        let fifos = try FifoSet(id: exec, terminal: tty)
        defer { fifos.remove() }
        let session = ProcessSession(client: client, container: id, exec: exec, fifos: fifos)
        let code: UInt32
        do {
            code = try await session.run {
                try await client.tasks.exec(id, exec: exec, process: process, io: fifos.io)
            } start: {
                _ = try await client.tasks.start(id, exec: exec)
            }
        } catch {
            _ = try? await client.tasks.delete(id, exec: exec)
            throw error
        }
        try await client.tasks.delete(id, exec: exec)
        if code != 0 { throw ExitCode(Int32(code)) }
    }
}
