import ContainerdAPI
import Foundation
import GRPC
import Glibc
import Host
import Metadata
import RPC

/// What the manager tells of itself: `/v1/metrics` for Prometheus, under containerd's names where they mean the same, and
/// `/debug/vars`, in the form of Go's expvar.
struct Figures: Sendable {
    let server: GRPCServer
    let metadata: MetadataStore
    let tasks: TaskManager
    /// Whether to tell how long calls took, too.
    let hasDurations: Bool

    /// Everything for Prometheus.
    func prometheus() async -> Document {
        var text = PrometheusText()
        text.head("containerd_build_info_total", .counter, "The version that is running")
        text.line(
            "containerd_build_info_total", [("revision", Version.text), ("version", VersionServer.version)], 1)
        await addContainers(to: &text)
        addCalls(to: &text)
        addProcess(to: &text)
        await addRecords(to: &text)
        return Document(type: "text/plain; version=0.0.4; charset=utf-8", text: text.text)
    }

    /// The program's command line and memory, and counts of calls.
    func variables() -> Document {
        let process = OwnProcess()
        let statistics = server.statistics
        let values: [String: Any] = [
            "cmdline": CommandLine.arguments,
            "memory": ["resident": process.residentBytes, "virtual": process.virtualBytes],
            "processor_seconds": process.processorSeconds, "descriptors": process.descriptors,
            "threads": process.threads,
            "calls": [
                "started": statistics.map(\.started).reduce(0, +),
                "handled": statistics.flatMap(\.handled.values).reduce(0, +),
            ],
        ]
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let data = (try? JSONSerialization.data(withJSONObject: values, options: options)) ?? Data("{}".utf8)
        return Document(
            type: "application/json; charset=utf-8", text: String(decoding: data, as: UTF8.self) + "\n")
    }

    // MARK: Parts

    private func addContainers(to text: inout PrometheusText) async {
        let shims = await tasks.shims()
        let metrics = await shims.concurrently { shim in await shim.metric().map { (shim, ContainerFigures($0)) } }
        for figure in ContainerFigures.known {
            let lines = metrics.flatMap { shim, figures in figures.lines(figure.name).map { (shim, $0) } }
            guard !lines.isEmpty else { continue }
            text.head(figure.name, .gauge, figure.help)
            for (shim, line) in lines {
                let labels = [("container_id", shim.bundle.id), ("namespace", shim.bundle.namespace)]
                text.line(figure.name, labels + line.labels, line.value)
            }
        }
        text.add("ukmanager_tasks", .gauge, "Tasks whose shims are connected", shims.count)
    }

    private func addCalls(to text: inout PrometheusText) {
        let methods = server.statistics.map { ($0, Self.labels($0)) }
        func counter(_ name: String, _ help: String, _ value: (MethodStatistics) -> Int) {
            text.head(name, .counter, help)
            for (method, labels) in methods { text.line(name, labels, value(method)) }
        }
        text.head("grpc_server_handled_total", .counter, "Calls that have ended, by their outcome.")
        for (method, labels) in methods {
            for code in RPCCode.allCases where method.handled[code] != nil || code == .ok {
                text.line(
                    "grpc_server_handled_total", [("grpc_code", "\(code)")] + labels, method.handled[code] ?? 0)
            }
        }
        if hasDurations { addDurations(methods, to: &text) }
        counter("grpc_server_msg_received_total", "Messages that clients have sent.") { $0.received }
        counter("grpc_server_msg_sent_total", "Messages that clients were sent.") { $0.sent }
        counter("grpc_server_started_total", "Calls that have begun.") { $0.started }
    }

    private func addDurations(
        _ methods: [(MethodStatistics, [(name: String, value: String)])], to text: inout PrometheusText
    ) {
        let name = "grpc_server_handling_seconds"
        text.head(name, .histogram, "How long calls took until they were answered.")
        for (method, labels) in methods {
            var sum = 0
            let bounds = MethodStatistics.bounds.map { String(format: "%g", $0) } + ["+Inf"]
            for (bound, count) in zip(bounds, method.durations) {
                sum += count
                text.line("\(name)_bucket", labels + [("le", bound)], sum)
            }
            text.line("\(name)_sum", labels, method.seconds)
            text.line("\(name)_count", labels, sum)
        }
    }

    private static func labels(_ method: MethodStatistics) -> [(name: String, value: String)] {
        let parts = method.path.split(separator: "/").map(String.init)
        return [
            ("grpc_method", parts.last ?? ""), ("grpc_service", parts.first ?? ""),
            ("grpc_type", method.form.rawValue),
        ]
    }

    private func addProcess(to text: inout PrometheusText) {
        let process = OwnProcess()
        text.add(
            "process_cpu_seconds_total", .counter, "Processor time of the manager in seconds.",
            process.processorSeconds)
        text.add("process_max_fds", .gauge, "Descriptors that the manager may have open.", process.descriptorLimit)
        text.add("process_open_fds", .gauge, "Descriptors that the manager has open.", process.descriptors)
        text.add(
            "process_resident_memory_bytes", .gauge, "Memory of the manager in bytes.", process.residentBytes)
        text.add(
            "process_start_time_seconds", .gauge, "When the manager started, in seconds since 1970.",
            process.startSeconds)
        text.add("process_threads", .gauge, "Threads of the manager.", process.threads)
        text.add(
            "process_virtual_memory_bytes", .gauge, "Address space of the manager in bytes.", process.virtualBytes)
    }

    private func addRecords(to text: inout PrometheusText) async {
        guard let counts = try? await metadata.counts() else { return }
        text.head("ukmanager_records", .gauge, "What is kept, by namespace and kind.")
        for count in counts {
            text.line("ukmanager_records", [("kind", count.kind), ("namespace", count.namespace)], count.number)
        }
    }
}
