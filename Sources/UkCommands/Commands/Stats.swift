import ArgumentParser
import EngineClient

/// `uk stats`
struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Display a live stream of containers' resource usage.")

    @Flag(name: .shortAndLong, help: "Show all containers, not only running ones.")
    var all = false
    @Option(help: ArgumentHelp("\"table\", \"json\", or a template.", valueName: "format"))
    var format: String?
    @Flag(help: "Only show the first result.")
    var noStream = false
    @Flag(help: "Do not truncate output.")
    var noTrunc = false
    @Argument(help: "The containers; all running ones when none is named.", completion: .containerNames)
    var container: [String] = []

    func run() async throws {
        let client = try Engine.client()
        let columns: [RowFormat.Column] = [
            .init("CONTAINER ID", "ID"), .init("NAME", "Name"), .init("CPU %", "CPUPerc"),
            .init("MEM USAGE / LIMIT", "MemUsage"), .init("MEM %", "MemPerc"), .init("NET I/O", "NetIO"),
            .init("BLOCK I/O", "BlockIO"), .init("PIDS", "PIDs"),
        ]
        let rowFormat = RowFormat(format: format, columns: columns)
        repeat {
            var names = container
            if names.isEmpty {
                let list = try await client.json(
                    EngineRequest("GET", "/containers/json", query: [("all", all ? "1" : nil)]))
                names = list.elements.compactMap { $0["Id"]?.string }
            }
            let rows = try await measure(client, names)
            if !noStream, Console.isTerminal { Console.write(Array("\u{1B}[2J\u{1B}[H".utf8), to: 1) }
            Console.print(try rowFormat.lines(rows))
            // Each measurement takes the engine a second already.
            if !noStream, names.isEmpty { try await Task.sleep(for: .seconds(1)) }
        } while !noStream
    }

    private func measure(_ client: EngineClient, _ names: [String]) async throws -> [JSONValue] {
        try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
            for (index, name) in names.enumerated() {
                group.addTask {
                    let request = EngineRequest("GET", Engine.container(name, "/stats"), query: [("stream", "0")])
                    return (index, row(try await client.json(request), name: name))
                }
            }
            var rows: [(Int, JSONValue)] = []
            while let row = try await group.next() { rows.append(row) }
            return rows.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func row(_ stats: JSONValue, name: String) -> JSONValue {
        let memory = stats["memory_stats"]
        // As docker counts: the page cache that can be dropped is not the container's.
        let cache =
            memory?["stats"]?["inactive_file"]?.integer ?? memory?["stats"]?["total_inactive_file"]?.integer ?? 0
        let usage = max(0, (memory?["usage"]?.integer ?? 0) - cache)
        let limit = memory?["limit"]?.integer ?? 0
        let networks = (stats["networks"]?.members ?? []).map(\.value)
        func sum(_ values: [JSONValue], _ field: String) -> Int64 {
            values.reduce(0) { $0 + ($1[field]?.integer ?? 0) }
        }
        let blocks = stats["blkio_stats"]?["io_service_bytes_recursive"]?.elements ?? []
        func bytes(_ operation: String) -> Int64 {
            sum(blocks.filter { $0["op"]?.string?.lowercased() == operation }, "value")
        }
        let id = stats["id"]?.string ?? name
        let shown = stats["name"]?.string ?? name
        return [
            "BlockIO": .string("\(Sizes.decimal(bytes("read"))) / \(Sizes.decimal(bytes("write")))"),
            "CPUPerc": .string(Sizes.fixed(processorPercent(stats), 2) + "%"), "Container": .string(name),
            "ID": .string(noTrunc ? id : Engine.short(id)),
            "MemPerc": .string(Sizes.fixed(limit > 0 ? Double(usage) * 100 / Double(limit) : 0, 2) + "%"),
            "MemUsage": .string("\(Sizes.binary(usage)) / \(Sizes.binary(limit))"),
            "Name": .string(shown.hasPrefix("/") ? String(shown.dropFirst()) : shown),
            "NetIO": .string(
                "\(Sizes.decimal(sum(networks, "rx_bytes"))) / \(Sizes.decimal(sum(networks, "tx_bytes")))"),
            "PIDs": .number(stats["pids_stats"]?["current"]?.integer ?? 0),
        ]
    }

    /// The share of one processor that the container used between the two measurements.
    private func processorPercent(_ stats: JSONValue) -> Double {
        func value(_ group: String, _ path: String...) -> Double {
            path.reduce(stats[group]) { $0?[$1] }?.double ?? 0
        }
        let used = value("cpu_stats", "cpu_usage", "total_usage") - value("precpu_stats", "cpu_usage", "total_usage")
        let system = value("cpu_stats", "system_cpu_usage") - value("precpu_stats", "system_cpu_usage")
        let processors = max(1, value("cpu_stats", "online_cpus"))
        return system > 0 && used > 0 ? used / system * processors * 100 : 0
    }
}
