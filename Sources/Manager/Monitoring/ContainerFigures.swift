import ContainerdAPI

/// A container's counters under the names by which containerd tells them to Prometheus, for either kind of cgroups.
struct ContainerFigures {
    /// All that are told.
    static let known: [(name: String, help: String)] = [
        ("container_cpu_total_nanoseconds", "Processor time"),
        ("container_cpu_kernel_nanoseconds", "Processor time in the kernel"),
        ("container_cpu_user_nanoseconds", "Processor time in user mode"),
        ("container_cpu_usage_usec_microseconds", "Processor time"),
        ("container_cpu_system_usec_microseconds", "Processor time in the kernel"),
        ("container_cpu_user_usec_microseconds", "Processor time in user mode"),
        ("container_memory_usage_usage_bytes", "Memory in use"),
        ("container_memory_usage_max_bytes", "The most memory that was in use"),
        ("container_memory_usage_limit_bytes", "The limit of memory"),
        ("container_memory_usage_failcnt_total", "Times that memory reached its limit"),
        ("container_memory_rss_bytes", "Memory in use that is no file's"),
        ("container_memory_usage_bytes", "Memory in use"),
        ("container_memory_anon_bytes", "Memory in use that is no file's"),
        ("container_blkio_io_service_bytes_recursive_bytes", "Bytes from and to block devices"),
        ("container_io_rbytes_bytes", "Bytes from block devices"),
        ("container_io_wbytes_bytes", "Bytes to block devices"),
        ("container_pids_current", "Processes and threads"),
        ("container_pids_limit", "The limit of processes and threads; 0: none"),
    ]

    /// By name; only those that the container's shim knows.
    private(set) var values: [String: UInt64] = [:]
    /// Of those that are told by device, or by what is done there.
    private(set) var labelled: [String: [(labels: [(String, String)], value: UInt64)]] = [:]

    init(_ metric: Containerd_Types_Metric) {
        let bytes = metric.data.value
        switch metric.data.typeURL.split(separator: "/").last {
        case "io.containerd.cgroups.v1.Metrics":
            guard let metrics = try? Io_Containerd_Cgroups_V1_Metrics(serializedBytes: bytes) else { return }
            let (usage, memory) = (metrics.cpu.usage, metrics.memory)
            values = [
                "container_cpu_total_nanoseconds": usage.total, "container_cpu_kernel_nanoseconds": usage.kernel,
                "container_cpu_user_nanoseconds": usage.user,
                "container_memory_usage_usage_bytes": memory.usage.usage,
                "container_memory_usage_max_bytes": memory.usage.max,
                "container_memory_usage_limit_bytes": memory.usage.limit,
                "container_memory_usage_failcnt_total": memory.usage.failcnt, "container_memory_rss_bytes": memory.rss,
                "container_pids_current": metrics.pids.current, "container_pids_limit": metrics.pids.limit,
            ]
            labelled["container_blkio_io_service_bytes_recursive_bytes"] = metrics.blkio.ioServiceBytesRecursive.map {
                ([("op", $0.op), ("device", $0.device), ("major", "\($0.major)"), ("minor", "\($0.minor)")], $0.value)
            }
        case "io.containerd.cgroups.v2.Metrics":
            guard let metrics = try? Io_Containerd_Cgroups_V2_Metrics(serializedBytes: bytes) else { return }
            values = [
                "container_cpu_usage_usec_microseconds": metrics.cpu.usageUsec,
                "container_cpu_system_usec_microseconds": metrics.cpu.systemUsec,
                "container_cpu_user_usec_microseconds": metrics.cpu.userUsec,
                "container_memory_usage_bytes": metrics.memory.usage,
                "container_memory_usage_limit_bytes": metrics.memory.usageLimit,
                "container_memory_anon_bytes": metrics.memory.anon,
                "container_pids_current": metrics.pids.current, "container_pids_limit": metrics.pids.limit,
            ]
            for entry in metrics.io.usage {
                let labels = [("major", "\(entry.major)"), ("minor", "\(entry.minor)")]
                labelled["container_io_rbytes_bytes", default: []].append((labels, entry.rbytes))
                labelled["container_io_wbytes_bytes", default: []].append((labels, entry.wbytes))
            }
        default: break
        }
    }

    /// What is told under a name, and the labels that go with each value.
    func lines(_ name: String) -> [(labels: [(String, String)], value: UInt64)] {
        (values[name].map { [([], $0)] } ?? []) + labelled[name, default: []]
    }
}
