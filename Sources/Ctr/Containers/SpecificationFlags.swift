import ArgumentParser
import Foundation
import Glibc
import OCISpec
import RPC

/// Flags of `run` and `containers create` that change single values of the specification; ctr's, as they are there.
struct SpecificationFlags: ParsableArguments {
    @Option(help: "Processors, such as 1.5.") var cpus: Double?
    @Option(name: .customLong("cpu-shares"), help: "Weight of processor time.") var cpuShares: UInt64?
    @Option(name: .customLong("cpu-quota"), help: "Microseconds of processor time in a period.") var cpuQuota: Int64?
    @Option(name: .customLong("cpu-period"), help: "Microseconds of a period.") var cpuPeriod: UInt64?
    @Option(help: "The cgroup's path; \"\": none.") var cgroup: String?
    @Option(name: .customLong("with-ns"), help: "TYPE:PATH, a namespace to join.") var namespaces: [String] = []
    @Flag(name: .customLong("allow-new-privs"), help: "Programs may gain privileges.") var allowNewPrivileges = false
    @Option(name: .customLong("cap-add"), help: "A capability, such as CAP_NET_ADMIN.") var addedCapabilities:
        [String] = []
    @Option(name: .customLong("cap-drop"), help: "A capability.") var droppedCapabilities: [String] = []
    @Option(help: "A device of the host.") var device: [String] = []
    @Option(name: .customLong("seccomp-profile"), help: "A profile (JSON, as in config.json).") var seccompProfile:
        String?
    @Option(name: .customLong("rootfs-propagation"), help: "How mounts of the root propagate.")
    var rootPropagation: String?

    /// Changes `spec`.
    ///
    /// - Throws: `ValidationError` for flags that say nothing sensible, `RPCError` for files that cannot be read.
    func apply(to spec: inout RuntimeSpec) throws {
        try applyLimits(to: &spec)
        if let cgroup { spec.linux?.cgroupsPath = cgroup }
        for text in namespaces {
            let type = text.prefix { $0 != ":" }
            let path = text.dropFirst(type.count + 1)
            guard path.hasPrefix("/") else { throw ValidationError("--with-ns \(text): say TYPE:/PATH") }
            spec.linux?.namespaces?.removeAll { $0.type == type }
            spec.linux?.namespaces?.append(.init(type: String(type), path: String(path)))
        }
        if allowNewPrivileges { spec.process?.noNewPrivileges = false }
        try applyCapabilities(to: &spec)
        for path in device { try add(device: path, to: &spec) }
        if let seccompProfile {
            guard let data = try? Data(contentsOf: URL(filePath: seccompProfile)) else {
                throw RPCError(.invalidArgument, "cannot read the profile \(seccompProfile)")
            }
            spec.linux?.seccomp = try JSON.decode(RuntimeSpec.Seccomp.self, from: [UInt8](data))
        }
        if let rootPropagation {
            let known = ["private", "rprivate", "rshared", "rslave", "shared", "slave"]
            guard known.contains(rootPropagation) else {
                throw ValidationError("--rootfs-propagation is one of \(known.joined(separator: ", "))")
            }
            spec.linux?.rootfsPropagation = rootPropagation
        }
    }

    private func applyLimits(to spec: inout RuntimeSpec) throws {
        var cpu = RuntimeSpec.CPU(shares: cpuShares, quota: cpuQuota, period: cpuPeriod)
        if let cpus {
            guard cpus > 0, cpus < 1e6 else { throw ValidationError("--cpus \(cpus): say how many, such as 1.5") }
            guard cpuQuota == nil, cpuPeriod == nil else {
                throw ValidationError("--cpus stands for --cpu-quota and --cpu-period: say the one or the others")
            }
            (cpu.quota, cpu.period) = (Int64(cpus * 100_000), 100_000)
        }
        if cpu != RuntimeSpec.CPU() { spec.linux?.resources?.cpu = cpu }
    }

    private func applyCapabilities(to spec: inout RuntimeSpec) throws {
        guard var names = spec.process?.capabilities?.bounding else { return }
        for name in addedCapabilities + droppedCapabilities where !RuntimeSpec.allCapabilities.contains(name) {
            throw ValidationError("capability \(name) is not known: names are such as CAP_NET_ADMIN")
        }
        names += addedCapabilities.filter { !names.contains($0) }
        names.removeAll { droppedCapabilities.contains($0) }
        if !addedCapabilities.isEmpty || !droppedCapabilities.isEmpty {
            spec.process?.capabilities = .init(names)
        }
    }

    private func add(device path: String, to spec: inout RuntimeSpec) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw RPCError(.invalidArgument, "device \(path): \(String(cString: strerror(errno)))")
        }
        let type: String
        switch status.st_mode & S_IFMT {
        case S_IFCHR: type = "c"
        case S_IFBLK: type = "b"
        default: throw RPCError(.invalidArgument, "\(path) is no device")
        }
        // As makedev(3) packs them.
        let number = UInt64(status.st_rdev)
        let (major, minor) = (
            Int64((number >> 8 & 0xFFF) | (number >> 32 & ~0xFFF)),
            Int64((number & 0xFF) | (number >> 12 & 0xFFFF_FF00))
        )
        let device = RuntimeSpec.Device(
            type: type, path: path, major: major, minor: minor, fileMode: status.st_mode & 0o7777,
            uid: status.st_uid, gid: status.st_gid)
        let rule = RuntimeSpec.DeviceRule(allow: true, type: type, major: major, minor: minor, access: "rwm")
        let (devices, rules) = (spec.linux?.devices ?? [], spec.linux?.resources?.devices ?? [])
        spec.linux?.devices = devices + [device]
        spec.linux?.resources?.devices = rules + [rule]
    }
}
