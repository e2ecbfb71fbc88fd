import ArgumentParser
import OCISpec
import Runtime

/// `runu update`.
struct Update: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change what a container may use.",
        discussion: "Memory, pids and CPU limits are the kernel's; the other options are accepted for runc's sake.")

    @ParentCommand var runu: Runu
    @Option(help: "File that describes the limits as config.json does; - for standard input.") var resources: String?
    @Option(help: "Bytes; -1 for no limit.") var memory: String?
    @Option(help: "Processes and threads; -1 for no limit.") var pidsLimit: Int64?
    @Option(help: "Weight.") var cpuShare: UInt64?
    @Option(help: "Microseconds of processor time in a period.") var cpuQuota: Int64?
    @Option(help: "Microseconds.") var cpuPeriod: UInt64?
    @Option(help: "Processors to run on, such as 0-2,4.") var cpusetCpus: String?
    @OptionGroup(title: "Accepted") var accepted: Accepted
    @Argument(help: "The container.") var id: String

    struct Accepted: ParsableArguments {
        @Option(help: .hidden) var blkioWeight: String?
        @Option(help: .hidden) var cpuRtPeriod: String?
        @Option(help: .hidden) var cpuRtRuntime: String?
        @Option(help: .hidden) var cpuBurst: String?
        @Option(help: .hidden) var cpuIdle: String?
        @Option(help: .hidden) var cpusetMems: String?
        @Option(help: .hidden) var memoryReservation: String?
        @Option(help: .hidden) var memorySwap: String?
        @Option(help: .hidden) var kernelMemory: String?
        @Option(help: .hidden) var kernelMemoryTcp: String?
        @Option(help: .hidden) var l3CacheSchema: String?
        @Option(help: .hidden) var memBwSchema: String?
    }

    func run() throws {
        var container = try runu.store.container(id)
        try container.update(try change())
    }

    private func change() throws -> RuntimeSpec.Resources {
        if let resources { return try JSON.decode(from: try readWhole(resources)) }
        var change = RuntimeSpec.Resources()
        if let memory { change.memory = .init(limit: try bytes(memory)) }
        if let pidsLimit { change.pids = .init(limit: pidsLimit) }
        if cpuShare != nil || cpuQuota != nil || cpuPeriod != nil || cpusetCpus != nil {
            change.cpu = .init(shares: cpuShare, quota: cpuQuota, period: cpuPeriod, cpus: cpusetCpus)
        }
        return change
    }

    /// A size with runc's suffixes: b, k, m, g, t.
    private func bytes(_ text: String) throws -> Int64 {
        if let number = Int64(text) { return number }
        let shifts: [Character: Int64] = ["b": 0, "k": 10, "m": 20, "g": 30, "t": 40]
        var digits = text.lowercased()
        if digits.hasSuffix("b"), digits.count > 1, digits.dropLast().last?.isLetter == true { digits.removeLast() }
        if let unit = digits.popLast(), let shift = shifts[unit], let number = Int64(digits), number < 1 << 22 {
            return number << shift
        }
        throw RuntimeError("invalid value for memory: \(text)")
    }
}
