import ArgumentParser
import ContainerdAPI
import ContainerdClient
import Glibc
import Host
import OCISpec
import RPC

struct KillTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Sends a signal to a container's process.")
    @OptionGroup var options: GlobalOptions
    @Option(name: [.short, .long], help: "A number or a name such as SIGKILL.") var signal = "SIGTERM"
    @Option(name: .customLong("exec-id"), help: "The process, if not the first.") var execID: String?
    @Flag(name: [.short, .long], help: "To all processes.") var all = false
    @Argument(help: "The container's id.") var id: String

    func run() async throws {
        let number = try signalNumber(signal)
        try await options.client().tasks.kill(id, exec: execID, signal: number, all: all)
    }
}

struct WaitTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits for a process' end and prints its exit code.")
    @OptionGroup var options: GlobalOptions
    @Option(name: .customLong("exec-id"), help: "The process, if not the first.") var execID: String?
    @Argument(help: "The container's id.") var id: String

    func run() async throws {
        let exit = try await options.client().tasks.wait(id, exec: execID)
        print("\(exit.status)")
    }
}

struct RemoveTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Removes ended tasks.", aliases: ["delete", "del", "remove"])
    @OptionGroup var options: GlobalOptions
    @Flag(name: [.short, .long], help: "Kills what still runs.") var force = false
    @Option(name: .customLong("exec-id"), help: "The process, if not the first.") var execID: String?
    @Argument(help: "Ids.") var ids: [String]

    func run() async throws {
        let client = try options.client()
        var code: UInt32 = 0
        for id in ids {
            let task = try await client.tasks.get(id, exec: execID)
            if force, task.status != .stopped {
                try? await client.tasks.kill(id, exec: execID, signal: UInt32(SIGKILL), all: execID == nil)
                _ = try await client.tasks.wait(id, exec: execID)
            }
            let exit = try await client.tasks.delete(id, exec: execID)
            FifoSet.removeLeft(
                TaskIO(stdin: task.stdin, stdout: task.stdout, stderr: task.stderr, terminal: task.terminal))
            if exit.status != 0, !force { code = exit.status }
        }
        // ctr hands on how a single task ended.
        if ids.count == 1, code != 0 { throw ExitCode(Int32(code)) }
    }
}

struct TaskPids: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "Lists a container's processes by host pid.")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The container's id.") var id: String

    func run() async throws {
        let processes = try await options.client().tasks.pids(id)
        if options.isJSON { return try printJSON(processes.map { ["pid": $0.pid] }) }
        var table = Table("PID", "INFO")
        for process in processes {
            let details = try? Containerd_Runc_V1_ProcessDetails(serializedBytes: process.info.value)
            table.add("\(process.pid)", details.map { $0.execID.isEmpty ? "-" : "exec_id:\"\($0.execID)\"" } ?? "-")
        }
        table.print()
    }
}

struct PauseTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops all of a container's processes.")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The container's id.") var id: String

    func run() async throws { try await options.client().tasks.pause(id) }
}

struct ResumeTask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Lets a paused container go on.")
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The container's id.") var id: String

    func run() async throws { try await options.client().tasks.resume(id) }
}

struct TaskMetrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Prints what a container uses, as its runtime tells it.",
        aliases: ["metric"])
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The container's id.") var id: String

    func run() async throws {
        let metrics = try await options.client().tasks.metrics(filters: ["id==\(id)"])
        guard let metric = metrics.first else { throw RPCError.notFound("metrics of \(id)") }
        try MetricsText(metric).print(asJSON: options.isJSON)
    }
}
