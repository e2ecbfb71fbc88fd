import ArgumentParser
import EngineClient

/// The options of `run` and `create` that bound what a container may use.
struct LimitOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Memory limit, such as 512m.", valueName: "bytes"))
    var memory: String?
    @Option(help: ArgumentHelp("Memory and swap together; -1 for no limit.", valueName: "bytes"))
    var memorySwap: String?
    @Option(help: ArgumentHelp("Memory soft limit.", valueName: "bytes"))
    var memoryReservation: String?
    @Option(help: ArgumentHelp("Size of /dev/shm.", valueName: "bytes"))
    var shmSize: String?
    @Option(help: ArgumentHelp("Processes at most; -1 for no limit.", valueName: "count"))
    var pidsLimit: Int?
    @Option(help: ArgumentHelp("Processors, such as 1.5.", valueName: "count"))
    var cpus: Double?
    @Option(name: [.customShort("c"), .long], help: "Relative weight of its processor time.")
    var cpuShares: Int?
    @Option(help: ArgumentHelp("Processors on which it may run: 0-3, 0,1.", valueName: "list"))
    var cpusetCpus: String?
    @Option(help: ArgumentHelp("A resource limit.", valueName: "name=soft[:hard]"))
    var ulimit: [String] = []
    @Flag(help: "Do not kill it when memory is short.")
    var oomKillDisable = false
    @Option(help: "Adjust how soon it is killed when memory is short.")
    var oomScoreAdj: Int?

    func validate() throws { _ = try members() }

    /// The members of the Engine API's HostConfig that these options set.
    func members() throws -> JSONValue {
        var config = JSONValue.object([])
        for (flag, name, text) in [
            ("memory", "Memory", memory), ("memory-swap", "MemorySwap", memorySwap),
            ("memory-reservation", "MemoryReservation", memoryReservation), ("shm-size", "ShmSize", shmSize),
        ] {
            guard let text else { continue }
            let size = text == "-1" && flag == "memory-swap" ? -1 : Sizes.parse(text)
            guard let size else {
                throw ValidationError("invalid argument \"\(text)\" for \"--\(flag)\" flag: invalid size: '\(text)'")
            }
            config[name] = .number(size)
        }
        if let pidsLimit { config["PidsLimit"] = .number(pidsLimit) }
        if let cpus {
            guard cpus >= 0, cpus.isFinite else {
                throw ValidationError("invalid argument \"\(cpus)\" for \"--cpus\" flag")
            }
            config["NanoCpus"] = .number(Int64((cpus * 1e9).rounded()))
        }
        if let cpuShares { config["CpuShares"] = .number(cpuShares) }
        if let cpusetCpus { config["CpusetCpus"] = .string(cpusetCpus) }
        if oomKillDisable { config["OomKillDisable"] = true }
        if let oomScoreAdj { config["OomScoreAdj"] = .number(oomScoreAdj) }
        if !ulimit.isEmpty { config["Ulimits"] = .array(try ulimit.map(Self.ulimit)) }
        return config
    }

    private static func ulimit(_ text: String) throws -> JSONValue {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let values = parts.count == 2 ? parts[1].split(separator: ":").map { Int64($0) } : []
        guard let soft = values.first ?? nil, values.count <= 2, let hard = values.last ?? nil else {
            throw ValidationError(
                "invalid argument \"\(text)\" for \"--ulimit\" flag: invalid ulimit argument: \(text)")
        }
        return ["Name": .string(parts[0]), "Soft": .number(soft), "Hard": .number(hard)]
    }
}
