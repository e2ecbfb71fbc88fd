import ArgumentParser
import ContainerdAPI
import SwiftProtobuf
import TTRPC

/// `ukctr shim state`
struct ShimStateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Shows a process: its pid, its status and its streams.")

    @OptionGroup var process: ShimProcess

    func run() throws {
        let state: Containerd_Task_V2_StateResponse = try process.call("State", Containerd_Task_V2_StateRequest())
        var table = Table("ID", "EXEC", "PID", "STATUS", "EXIT", "BUNDLE")
        table.add(
            state.id, process.execID.isEmpty ? "-" : process.execID, "\(state.pid)", "\(state.status)".uppercased(),
            state.hasExitedAt ? "\(state.exitStatus)" : "-", state.bundle)
        try process.target.show(state, table)
    }
}

/// `ukctr shim pids`
struct ShimPidsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pids", abstract: "Lists the container's processes by their pids on the host.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        let pids: Containerd_Task_V2_PidsResponse = try target.call("Pids", Containerd_Task_V2_PidsRequest())
        var table = Table("PID", "EXEC")
        for process in pids.processes {
            let details = try? Containerd_Runc_V1_ProcessDetails(serializedBytes: process.info.value)
            table.add("\(process.pid)", details.map(\.execID).flatMap { $0.isEmpty ? nil : $0 } ?? "-")
        }
        try target.show(pids, table)
    }
}

/// `ukctr shim stats`
struct ShimStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Shows what the container uses: processes, CPU time, memory.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        let answer: Containerd_Task_V2_StatsResponse = try target.call("Stats", Containerd_Task_V2_StatsRequest())
        var table = Table("METRIC", "VALUE")
        switch answer.stats.typeURL {
        case "io.containerd.cgroups.v1.Metrics":
            let metrics = try Io_Containerd_Cgroups_V1_Metrics(serializedBytes: answer.stats.value)
            table.add("pids.current", "\(metrics.pids.current)")
            table.add("pids.limit", "\(metrics.pids.limit)")
            table.add("cpu.total", "\(metrics.cpu.usage.total) ns")
            table.add("cpu.user", "\(metrics.cpu.usage.user) ns")
            table.add("cpu.kernel", "\(metrics.cpu.usage.kernel) ns")
            table.add("memory.usage", byteCount(Int64(clamping: metrics.memory.usage.usage)))
            table.add("memory.max", byteCount(Int64(clamping: metrics.memory.usage.max)))
            table.add("memory.limit", limit(metrics.memory.usage.limit))
            try target.show(metrics, table)
        case "io.containerd.cgroups.v2.Metrics":
            let metrics = try Io_Containerd_Cgroups_V2_Metrics(serializedBytes: answer.stats.value)
            table.add("pids.current", "\(metrics.pids.current)")
            table.add("pids.limit", "\(metrics.pids.limit)")
            table.add("cpu.total", "\(metrics.cpu.usageUsec) us")
            table.add("cpu.user", "\(metrics.cpu.userUsec) us")
            table.add("cpu.kernel", "\(metrics.cpu.systemUsec) us")
            table.add("memory.usage", byteCount(Int64(clamping: metrics.memory.usage)))
            table.add("memory.max", byteCount(Int64(clamping: metrics.memory.maxUsage)))
            table.add("memory.limit", limit(metrics.memory.usageLimit))
            try target.show(metrics, table)
        default:
            throw TTRPCError(.unimplemented, "metrics of an unknown kind: \(answer.stats.typeURL)")
        }
    }

    private func limit(_ bytes: UInt64) -> String {
        // What cgroups answer with for no limit, the one or the other version.
        bytes == 0 || bytes >= UInt64(Int64.max) - 4096 ? "-" : byteCount(Int64(bytes))
    }
}

/// `ukctr shim connect`
struct ShimConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Shows the pids of the shim and of the container's first process.")

    @OptionGroup var target: ShimTarget

    func run() throws {
        let answer: Containerd_Task_V2_ConnectResponse = try target.call("Connect", Containerd_Task_V2_ConnectRequest())
        var table = Table("SHIM", "TASK", "VERSION")
        table.add("\(answer.shimPid)", "\(answer.taskPid)", answer.version)
        try target.show(answer, table)
    }
}
