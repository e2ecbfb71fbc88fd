import Glibc
import KernelProtocol
import OCISpec
import SystemPackage

extension ContainerSpecification {
    /// What the kernel of container `id` needs of its bundle.
    ///
    /// - Throws: `RuntimeError` for a configuration that cannot be run.
    package init(id: String, bundle: Bundle) throws {
        let spec = bundle.spec
        guard let process = spec.process else { throw RuntimeError("process property must not be empty") }
        try RuntimeSpec.Namespace.check(spec.linux?.namespaces ?? [])
        self.init(
            id: id, hostname: spec.hostname ?? "", domainname: spec.domainname ?? "",
            root: try RootSpecification(bundle), process: try ProcessSpecification(process))
        mounts = try (spec.mounts ?? []).map { try MountSpecification($0, bundle: bundle.path) }
        maskedPaths = spec.linux?.maskedPaths ?? []
        readonlyPaths = spec.linux?.readonlyPaths ?? []
        sysctls = (spec.linux?.sysctl ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        limits.apply(spec.linux?.resources)
        devices = try (spec.linux?.devices ?? []).map { try DeviceSpecification($0) }
        profile = try spec.linux?.seccomp.map { try CallProfile($0) }
        personality = try spec.linux?.personality?.number
        annotations = (spec.annotations ?? [:]).filter { $0.key.hasPrefix("org.ukontainer.") }
            .map { "\($0.key)=\($0.value)" }.sorted()
    }
}

extension RootSpecification {
    package init(_ bundle: Bundle) throws {
        if let mounts = try bundle.rootMounts() {
            guard mounts.count == 1 else {
                throw RuntimeError("rootfs.fstab of bundle \(bundle.path) holds \(mounts.count) mounts in place of one")
            }
            try self.init(mounts[0])
        } else {
            guard let root = bundle.root else { throw RuntimeError("root property must not be empty") }
            var status = stat()
            guard stat(root.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw RuntimeError("invalid rootfs: \(root) is not a folder that can be read")
            }
            self.init(upper: root.string)
        }
        if bundle.spec.root?.readonly == true { isReadonly = true }
    }
}

extension MountSpecification {
    package init(_ mount: RuntimeSpec.Mount, bundle: FilePath) throws {
        let options = mount.options ?? []
        let isBind = mount.type == "bind" || options.contains("bind") || options.contains("rbind")
        // Old configurations have relative destinations; runc takes them as from the root.
        let destination = FilePath("/").pushing(FilePath(mount.destination)).lexicallyNormalized().string
        var source = mount.source ?? ""
        if isBind {
            guard !source.isEmpty else { throw RuntimeError("bind mount at \(destination) has no source") }
            source = bundle.pushing(FilePath(source)).lexicallyNormalized().string
        }
        self.init(
            destination: destination, type: isBind ? "bind" : mount.type ?? "none", source: source, options: options)
    }
}

extension ProcessSpecification {
    /// - Throws: `RuntimeError` for a process that cannot be run.
    package init(_ process: RuntimeSpec.Process) throws {
        guard let arguments = process.args, !arguments.isEmpty else { throw RuntimeError("args must not be empty") }
        guard process.cwd.first == "/" else { throw RuntimeError("Cwd must be an absolute path") }
        let user = process.user ?? RuntimeSpec.User()
        self.init(
            arguments: arguments, environment: Self.lastValues(process.env ?? []), workingDirectory: process.cwd,
            uid: user.uid,
            gid: user.gid, groups: user.additionalGids ?? [], umask: user.umask ?? 0o022,
            capabilities: Capabilities(process.capabilities),
            rlimits: try (process.rlimits ?? []).map { try ResourceLimit($0) },
            noNewPrivileges: process.noNewPrivileges ?? false, terminal: process.terminal ?? false,
            rows: UInt32(clamping: process.consoleSize?.height ?? 0),
            columns: UInt32(clamping: process.consoleSize?.width ?? 0),
            oomScoreAdjust: Int32(clamping: process.oomScoreAdj ?? 0),
            scheduler: try process.scheduler.map { try SchedulerSpecification($0) },
            ioPriority: try process.ioPriority?.number)
    }
}

extension ProcessSpecification {
    /// The variables, each once, with the value that was said last: programs take the first that they find.
    static func lastValues(_ variables: [String]) -> [String] {
        var places: [Substring: Int] = [:]
        var result: [String] = []
        for variable in variables {
            let name = variable.prefix { $0 != "=" }
            if let place = places[name] {
                result[place] = variable
            } else {
                places[name] = result.count
                result.append(variable)
            }
        }
        return result
    }
}

extension Limits {
    /// Takes over what `resources` sets; -1 means no limit.
    package mutating func apply(_ resources: RuntimeSpec.Resources?) {
        func set(_ limit: inout Int64, _ value: Int64?) {
            if let value { limit = max(value, 0) }
        }
        set(&pids, resources?.pids?.limit)
        set(&memory, resources?.memory?.limit)
        set(&cpuShares, resources?.cpu?.shares.map { Int64(clamping: $0) })
        set(&cpuQuota, resources?.cpu?.quota)
        if let list = resources?.cpu?.cpus { processors = list }
        set(&cpuPeriod, resources?.cpu?.period.map { Int64(clamping: $0) })
    }
}
