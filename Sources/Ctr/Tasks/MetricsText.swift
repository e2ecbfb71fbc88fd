import ContainerdAPI
import OCISpec
import SwiftProtobuf

/// A task's metrics as ctr prints them: the counters of either kind of cgroups by name, all of them as JSON.
struct MetricsText {
    private let metric: Containerd_Types_Metric
    /// The message; nil when its type is not known.
    private let message: (any Message)?
    private let rows: [(name: String, value: String)]

    /// - Throws: `BinaryDecodingError` for a message that is not of the type that it claims.
    init(_ metric: Containerd_Types_Metric) throws {
        self.metric = metric
        let bytes = metric.data.value
        switch metric.data.typeURL.split(separator: "/").last {
        case "io.containerd.cgroups.v1.Metrics":
            let metrics = try Io_Containerd_Cgroups_V1_Metrics(serializedBytes: bytes)
            message = metrics
            rows = Self.rows(metrics)
        case "io.containerd.cgroups.v2.Metrics":
            let metrics = try Io_Containerd_Cgroups_V2_Metrics(serializedBytes: bytes)
            message = metrics
            rows = Self.rows(metrics)
        default:
            message = nil
            rows = []
        }
    }

    private static func rows(_ metrics: Io_Containerd_Cgroups_V1_Metrics) -> [(String, String)] {
        var rows: [(String, String)] = []
        if metrics.hasMemory {
            rows += [
                ("memory.usage_in_bytes", "\(metrics.memory.usage.usage)"),
                ("memory.limit_in_bytes", "\(metrics.memory.usage.limit)"),
                ("memory.stat.cache", "\(metrics.memory.cache)"),
            ]
        }
        if metrics.hasCpu {
            let processors = metrics.cpu.usage.perCpu.map(String.init).joined(separator: " ")
            rows += [
                ("cpuacct.usage", "\(metrics.cpu.usage.total)"), ("cpuacct.usage_percpu", "[\(processors)]"),
            ]
        }
        if metrics.hasPids {
            rows += [("pids.current", "\(metrics.pids.current)"), ("pids.limit", "\(metrics.pids.limit)")]
        }
        return rows
    }

    private static func rows(_ metrics: Io_Containerd_Cgroups_V2_Metrics) -> [(String, String)] {
        var rows: [(String, String)] = []
        if metrics.hasPids {
            rows += [("pids.current", "\(metrics.pids.current)"), ("pids.limit", "\(metrics.pids.limit)")]
        }
        if metrics.hasCpu {
            rows += [
                ("cpu.usage_usec", "\(metrics.cpu.usageUsec)"), ("cpu.user_usec", "\(metrics.cpu.userUsec)"),
                ("cpu.system_usec", "\(metrics.cpu.systemUsec)"), ("cpu.nr_periods", "\(metrics.cpu.nrPeriods)"),
                ("cpu.nr_throttled", "\(metrics.cpu.nrThrottled)"),
                ("cpu.throttled_usec", "\(metrics.cpu.throttledUsec)"),
            ]
        }
        if metrics.hasMemory {
            rows += [
                ("memory.usage", "\(metrics.memory.usage)"), ("memory.usage_limit", "\(metrics.memory.usageLimit)"),
                ("memory.swap_usage", "\(metrics.memory.swapUsage)"),
                ("memory.swap_limit", "\(metrics.memory.swapLimit)"),
            ]
        }
        return rows
    }

    func print(asJSON: Bool) throws {
        var data: JSONValue?
        if let message {
            data = try JSON.decode(from: [UInt8](try message.jsonUTF8Data()))
        } else {
            data = try? JSON.decode(from: [UInt8](metric.data.value))
        }
        if asJSON || message == nil, let data {
            return try printJSON(
                JSONValue.object([
                    "id": .string(metric.id), "timestamp": .string(metric.timestamp.rfc3339),
                    "type": .string(metric.data.typeURL), "data": data,
                ]))
        }
        var head = Table("ID", "TIMESTAMP")
        head.add(metric.id, metric.timestamp.rfc3339)
        head.print()
        Ctr.print("")
        var table = Table("METRIC", "VALUE")
        if message == nil { table.add(metric.data.typeURL, "\(metric.data.value.count) bytes") }
        for row in rows { table.add(row.name, row.value) }
        table.print()
    }
}
