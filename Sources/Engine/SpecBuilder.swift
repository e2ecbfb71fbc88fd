import EngineAPI
import Host
import OCISpec
import SystemPackage

/// Makes the OCI specification of a container from its configuration (moby's `daemon/oci_linux.go` is the model of what means
/// what).
package struct SpecBuilder {
    var record: ContainerRecord
    /// The folder that holds hosts, hostname and resolv.conf.
    var folder: FilePath
    /// The container's root, for /etc/passwd and /etc/group.
    var root: RootView

    /// The specification.
    ///
    /// - Throws: `EngineError` with 400 when the user is not known, a limit has no such name, and the like.
    func build() throws -> RuntimeSpec {
        let (config, host) = (record.config, record.hostConfig)
        var spec = RuntimeSpec.default(
            arguments: [record.path] + record.arguments, terminal: config.tty,
            readonlyRoot: host.readonlyRootfs ? true : nil, hostname: config.hostname,
            cgroupsPath: "/docker/\(record.id)", annotations: host.annotations)
        if !config.domainname.isEmpty { spec.domainname = config.domainname }
        spec.process = try process(
            arguments: [record.path] + record.arguments, environment: config.env ?? [], user: config.user,
            workingDirectory: config.workingDir, terminal: config.tty, privileged: host.privileged,
            consoleSize: host.consoleSize)
        spec.mounts = mounts()
        spec.linux?.resources = resources()
        spec.linux?.sysctl = host.sysctls
        spec.linux?.namespaces = namespaces()
        if host.privileged {
            spec.linux?.maskedPaths = []
            spec.linux?.readonlyPaths = []
        } else {
            if let paths = host.maskedPaths { spec.linux?.maskedPaths = paths }
            if let paths = host.readonlyPaths { spec.linux?.readonlyPaths = paths }
        }
        return spec
    }

    /// A process of the container; also used for execs.
    func process(
        arguments: [String], environment: [String], user: String, workingDirectory: String, terminal: Bool,
        privileged: Bool, consoleSize: [Int]?
    ) throws -> RuntimeSpec.Process {
        let host = record.hostConfig
        let identity = try self.identity(user)
        let names = try capabilities(privileged: privileged)
        var sets = RuntimeSpec.CapabilitySets(bounding: names)
        // Root gets them; others only what they may regain by executing a set-id program.
        if identity.uid == 0 {
            sets.effective = names
            sets.permitted = names
        }
        var process = RuntimeSpec.Process(
            terminal: terminal ? true : nil, user: identity, args: arguments,
            env: self.environment(environment, terminal: terminal),
            cwd: workingDirectory.isEmpty ? "/" : workingDirectory, capabilities: sets, rlimits: try limits(),
            noNewPrivileges: securityOptions.contains { $0 == "no-new-privileges" || $0 == "no-new-privileges:true" }
                ? true : nil,
            oomScoreAdj: host.oomScoreAdj == 0 ? nil : host.oomScoreAdj)
        if let size = consoleSize, size.count == 2, size[0] > 0, size[1] > 0 {
            process.consoleSize = RuntimeSpec.ConsoleSize(height: UInt(size[0]), width: UInt(size[1]))
        }
        return process
    }

    private var securityOptions: [String] { record.hostConfig.securityOpt ?? [] }

    private func identity(_ user: String) throws -> RuntimeSpec.User {
        // The usual case needs none of the files: root, in root's groups as the image lists them.
        try UserLookup(passwd: root.text("/etc/passwd") ?? "", group: root.text("/etc/group") ?? "")
            .resolve(user, additional: record.hostConfig.groupAdd ?? [])
    }

    /// What every container has in its environment, then the container's own, later values winning; a name without a value
    /// takes the variable away.
    private func environment(_ own: [String], terminal: Bool) -> [String] {
        var base = [RuntimeSpec.defaultPath, "HOSTNAME=\(record.config.hostname)"]
        if terminal { base.append("TERM=xterm") }
        return SpecBuilder.merge(base, own)
    }

    package static func merge(_ base: [String], _ overrides: [String]) -> [String] {
        var result = base
        for entry in overrides {
            let name = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
            let index = result.firstIndex { $0.hasPrefix(name + "=") }
            if !entry.contains("=") {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = entry
            } else {
                result.append(entry)
            }
        }
        return result
    }

    private func capabilities(privileged: Bool) throws -> [String] {
        if privileged { return RuntimeSpec.allCapabilities }
        func normal(_ name: String) throws -> String {
            let upper = name.uppercased()
            let full = upper.hasPrefix("CAP_") || upper == "ALL" ? upper : "CAP_" + upper
            guard full == "ALL" || RuntimeSpec.allCapabilities.contains(full) else {
                throw EngineError(400, "invalid capability: \"\(full)\"")
            }
            return full
        }
        let add = try (record.hostConfig.capAdd ?? []).map(normal)
        let drop = try (record.hostConfig.capDrop ?? []).map(normal)
        var names = drop.contains("ALL") ? [] : RuntimeSpec.defaultCapabilities
        if add.contains("ALL") { names = RuntimeSpec.allCapabilities }
        for name in add where name != "ALL" && !names.contains(name) { names.append(name) }
        // What is added by name stays, even when all is dropped.
        names.removeAll { drop.contains($0) }
        return names
    }

    private func limits() throws -> [RuntimeSpec.Rlimit] {
        try (record.hostConfig.ulimits ?? []).map { limit in
            guard SpecBuilder.limitNames.contains(limit.name) else {
                throw EngineError(400, "invalid ulimit type: \(limit.name)")
            }
            guard limit.hard == -1 || (limit.soft != -1 && limit.soft <= limit.hard) else {
                throw EngineError(
                    400, "ulimit soft limit must be less than or equal to hard limit: \(limit.soft) > \(limit.hard)")
            }
            return RuntimeSpec.Rlimit(
                type: "RLIMIT_" + limit.name.uppercased(), hard: UInt64(bitPattern: limit.hard),
                soft: UInt64(bitPattern: limit.soft))
        }
    }

    private func mounts() -> [RuntimeSpec.Mount] {
        let host = record.hostConfig
        var mounts = RuntimeSpec.defaultMounts.filter { $0.destination != "/run" }
        if host.shmSize > 0, let index = mounts.firstIndex(where: { $0.destination == "/dev/shm" }) {
            mounts[index].options = ["nosuid", "noexec", "nodev", "mode=1777", "size=\(host.shmSize)"]
        }
        if host.privileged, let index = mounts.firstIndex(where: { $0.destination == "/sys" }) {
            mounts[index].options = ["nosuid", "noexec", "nodev"]
        }
        for (name, file) in [
            ("resolv.conf", "/etc/resolv.conf"), ("hostname", "/etc/hostname"), ("hosts", "/etc/hosts"),
        ]
        where !record.mounts.contains(where: { $0.point.destination == file }) {
            mounts.append(
                RuntimeSpec.Mount(
                    destination: file, type: "bind", source: folder.appending(name).string,
                    options: ["rbind", "rprivate"]))
        }
        // A mount below another one has to come after it.
        for mount in record.mounts.sorted(by: { $0.point.destination < $1.point.destination }) {
            // A mount of the user takes the place of a usual one.
            mounts.removeAll { $0.destination == mount.point.destination }
            let mode = mount.point.readWrite ? "rw" : "ro"
            if mount.point.type == "tmpfs" {
                mounts.append(
                    RuntimeSpec.Mount(
                        destination: mount.point.destination, type: "tmpfs", source: "tmpfs",
                        options: mount.options + (mount.point.readWrite ? [] : ["ro"])))
            } else {
                mounts.append(
                    RuntimeSpec.Mount(
                        destination: mount.point.destination, type: "bind", source: mount.point.source,
                        options: [
                            "rbind", mode, mount.point.propagation.isEmpty ? "rprivate" : mount.point.propagation,
                        ]))
            }
        }
        return mounts
    }

    private func resources() -> RuntimeSpec.Resources {
        let host = record.hostConfig
        var resources = RuntimeSpec.Resources(
            devices: [RuntimeSpec.DeviceRule(allow: host.privileged, access: "rwm")])
        if host.memory > 0 || host.memoryReservation > 0 || host.memorySwap != 0 || host.oomKillDisable == true {
            resources.memory = RuntimeSpec.Memory(
                limit: host.memory > 0 ? host.memory : nil,
                reservation: host.memoryReservation > 0 ? host.memoryReservation : nil,
                swap: host.memorySwap != 0 ? host.memorySwap : nil, disableOOMKiller: host.oomKillDisable)
        }
        var cpu = RuntimeSpec.CPU()
        if host.cpuShares > 0 { cpu.shares = UInt64(host.cpuShares) }
        if host.nanoCpus > 0 {
            cpu.period = 100_000
            cpu.quota = host.nanoCpus / 10_000
        }
        if host.cpuPeriod > 0 { cpu.period = UInt64(host.cpuPeriod) }
        if host.cpuQuota > 0 { cpu.quota = host.cpuQuota }
        if !host.cpusetCpus.isEmpty { cpu.cpus = host.cpusetCpus }
        if cpu != RuntimeSpec.CPU() { resources.cpu = cpu }
        if let limit = host.pidsLimit, limit > 0 { resources.pids = RuntimeSpec.Pids(limit: limit) }
        return resources
    }

    private func namespaces() -> [RuntimeSpec.Namespace] {
        let host = record.hostConfig
        var kinds = ["mount"]
        if host.pidMode != "host" { kinds.append("pid") }
        if host.utsMode != "host" { kinds.append("uts") }
        if host.ipcMode != "host" { kinds.append("ipc") }
        if host.networkMode != "host" { kinds.append("network") }
        return kinds.map { RuntimeSpec.Namespace(type: $0) }
    }

    private static let limitNames: Set<String> = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    ]
}
