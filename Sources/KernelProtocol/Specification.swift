// Members that carry no comment are said by their names; initializers take them, and read and write them in their order.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// A container as its kernel needs to know it: what runu distils from a bundle's config.json.
public struct ContainerSpecification: WireValue, Equatable {
    /// The container's id, for messages and logs.
    public var id: String
    public var hostname: String
    public var domainname: String
    public var root: RootSpecification
    /// In the order in which they are mounted.
    public var mounts: [MountSpecification]
    public var maskedPaths: [String]
    public var readonlyPaths: [String]
    /// `name=value`, names with dots as sysctl(8) prints them.
    public var sysctls: [String]
    public var limits: Limits
    /// Beside those that every container has.
    public var devices: [DeviceSpecification]
    public var profile: CallProfile?
    /// What every process begins with (personality(2)); nil: what the kernel has.
    public var personality: UInt32?
    public var process: ProcessSpecification
    /// `key=value` pairs that a kernel may know: `org.ukontainer.*` annotations of the bundle.
    public var annotations: [String]

    public init(
        id: String, hostname: String = "", domainname: String = "", root: RootSpecification,
        mounts: [MountSpecification] = [], maskedPaths: [String] = [], readonlyPaths: [String] = [],
        sysctls: [String] = [], limits: Limits = Limits(), devices: [DeviceSpecification] = [],
        profile: CallProfile? = nil, personality: UInt32? = nil, process: ProcessSpecification,
        annotations: [String] = []
    ) {
        self.id = id
        self.hostname = hostname
        self.domainname = domainname
        self.root = root
        self.mounts = mounts
        self.maskedPaths = maskedPaths
        self.readonlyPaths = readonlyPaths
        self.sysctls = sysctls
        self.limits = limits
        self.devices = devices
        self.profile = profile
        self.personality = personality
        self.process = process
        self.annotations = annotations
    }

    public init(from reader: inout WireReader) throws {
        id = try reader.read()
        hostname = try reader.read()
        domainname = try reader.read()
        root = try RootSpecification(from: &reader)
        mounts = try reader.read()
        maskedPaths = try reader.read()
        readonlyPaths = try reader.read()
        sysctls = try reader.read()
        limits = try Limits(from: &reader)
        devices = try reader.read()
        profile = try reader.read()
        personality = try reader.read()
        process = try ProcessSpecification(from: &reader)
        annotations = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(id)
        writer.write(hostname)
        writer.write(domainname)
        root.write(to: &writer)
        writer.write(mounts)
        writer.write(maskedPaths)
        writer.write(readonlyPaths)
        writer.write(sysctls)
        limits.write(to: &writer)
        writer.write(devices)
        writer.write(profile)
        writer.write(personality)
        process.write(to: &writer)
        writer.write(annotations)
    }
}

/// Where the container's files are: read-only layers and, unless `isReadonly`, one writable folder.
public struct RootSpecification: WireValue, Equatable {
    /// Layer folders of the host, topmost first. Whiteouts in overlay's or in OCI's form.
    public var layers: [String]
    /// The writable folder above them. Nil: the container's root cannot be written. With no layers, a plain root folder.
    public var upper: String?
    /// A folder on the upper's file system for files that are being made; nil: beside the upper.
    public var work: String?
    public var isReadonly: Bool

    public init(layers: [String] = [], upper: String? = nil, work: String? = nil, isReadonly: Bool = false) {
        self.layers = layers
        self.upper = upper
        self.work = work
        self.isReadonly = isReadonly
    }

    public init(from reader: inout WireReader) throws {
        layers = try reader.read()
        upper = try reader.read()
        work = try reader.read()
        isReadonly = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(layers)
        writer.write(upper)
        writer.write(work)
        writer.write(isReadonly)
    }
}

/// One entry of the bundle's `mounts` (OCI runtime specification, config.md, Mounts).
public struct MountSpecification: WireValue, Equatable {
    /// Absolute path in the container.
    public var destination: String
    /// `bind`, `tmpfs`, `proc`, `sysfs`, `devpts`, `mqueue`, `cgroup`, ...
    public var type: String
    /// For `bind`, an absolute path of the host.
    public var source: String
    public var options: [String]

    public init(destination: String, type: String, source: String, options: [String] = []) {
        self.destination = destination
        self.type = type
        self.source = source
        self.options = options
    }

    public init(from reader: inout WireReader) throws {
        destination = try reader.read()
        type = try reader.read()
        source = try reader.read()
        options = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(destination)
        writer.write(type)
        writer.write(source)
        writer.write(options)
    }
}

/// A process to be started in the container.
///
/// What needs the container's own files is the kernel's to do, as runc does it inside the container:
/// - `arguments[0]` without a slash is looked up over the `PATH` of `environment` (or /bin:/usr/bin without one);
/// - a missing `HOME` is set after the container's /etc/passwd entry of `uid` (or `/`);
/// - a missing working directory is made, and one that cannot be entered is a failure.
public struct ProcessSpecification: WireValue, Equatable {
    public var arguments: [String]
    /// `NAME=value`.
    public var environment: [String]
    public var workingDirectory: String
    public var uid: UInt32
    public var gid: UInt32
    public var groups: [UInt32]
    public var umask: UInt32
    public var capabilities: Capabilities
    public var rlimits: [ResourceLimit]
    public var noNewPrivileges: Bool
    /// Whether the process gets a pseudo-terminal, whose master the kernel sends back with its answer.
    public var terminal: Bool
    public var rows: UInt32
    public var columns: UInt32
    public var oomScoreAdjust: Int32
    /// Nil: as the kernel itself.
    public var scheduler: SchedulerSpecification?
    /// ioprio_set(2); nil: as the kernel itself.
    public var ioPriority: Int32?

    public init(
        arguments: [String], environment: [String] = [], workingDirectory: String = "/", uid: UInt32 = 0,
        gid: UInt32 = 0, groups: [UInt32] = [], umask: UInt32 = 0o022, capabilities: Capabilities = Capabilities(),
        rlimits: [ResourceLimit] = [], noNewPrivileges: Bool = false, terminal: Bool = false, rows: UInt32 = 0,
        columns: UInt32 = 0, oomScoreAdjust: Int32 = 0, scheduler: SchedulerSpecification? = nil,
        ioPriority: Int32? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.umask = umask
        self.capabilities = capabilities
        self.rlimits = rlimits
        self.noNewPrivileges = noNewPrivileges
        self.terminal = terminal
        self.rows = rows
        self.columns = columns
        self.oomScoreAdjust = oomScoreAdjust
        self.scheduler = scheduler
        self.ioPriority = ioPriority
    }

    public init(from reader: inout WireReader) throws {
        arguments = try reader.read()
        environment = try reader.read()
        workingDirectory = try reader.read()
        uid = try reader.read()
        gid = try reader.read()
        groups = try reader.read()
        umask = try reader.read()
        capabilities = try Capabilities(from: &reader)
        rlimits = try reader.read()
        noNewPrivileges = try reader.read()
        terminal = try reader.read()
        rows = try reader.read()
        columns = try reader.read()
        oomScoreAdjust = try reader.read()
        scheduler = try reader.read()
        ioPriority = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(arguments)
        writer.write(environment)
        writer.write(workingDirectory)
        writer.write(uid)
        writer.write(gid)
        writer.write(groups)
        writer.write(umask)
        capabilities.write(to: &writer)
        writer.write(rlimits)
        writer.write(noNewPrivileges)
        writer.write(terminal)
        writer.write(rows)
        writer.write(columns)
        writer.write(oomScoreAdjust)
        writer.write(scheduler)
        writer.write(ioPriority)
    }
}

/// The five capability sets, as bit masks numbered after capabilities(7).
public struct Capabilities: WireValue, Equatable {
    public var bounding: UInt64
    public var effective: UInt64
    public var inheritable: UInt64
    public var permitted: UInt64
    public var ambient: UInt64

    public init(
        bounding: UInt64 = 0, effective: UInt64 = 0, inheritable: UInt64 = 0, permitted: UInt64 = 0, ambient: UInt64 = 0
    ) {
        self.bounding = bounding
        self.effective = effective
        self.inheritable = inheritable
        self.permitted = permitted
        self.ambient = ambient
    }

    public init(from reader: inout WireReader) throws {
        bounding = try reader.read()
        effective = try reader.read()
        inheritable = try reader.read()
        permitted = try reader.read()
        ambient = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(bounding)
        writer.write(effective)
        writer.write(inheritable)
        writer.write(permitted)
        writer.write(ambient)
    }
}

/// One setrlimit(2).
public struct ResourceLimit: WireValue, Equatable {
    /// RLIMIT_* of the host.
    public var resource: UInt32
    public var soft: UInt64
    public var hard: UInt64

    public init(resource: UInt32, soft: UInt64, hard: UInt64) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }

    public init(from reader: inout WireReader) throws {
        resource = try reader.read()
        soft = try reader.read()
        hard = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(resource)
        writer.write(soft)
        writer.write(hard)
    }
}

/// What a container may use. Zero everywhere means no limit.
public struct Limits: WireValue, Equatable {
    /// Processes and threads.
    public var pids: Int64
    /// Bytes.
    public var memory: Int64
    /// cgroup v1 weight, 1024 by default.
    public var cpuShares: Int64
    /// Microseconds of processor time per `cpuPeriod` microseconds.
    public var cpuQuota: Int64
    public var cpuPeriod: Int64
    /// Processors to run on, as cpuset(7) lists them; empty: all.
    public var processors: String

    public init(
        pids: Int64 = 0, memory: Int64 = 0, cpuShares: Int64 = 0, cpuQuota: Int64 = 0, cpuPeriod: Int64 = 0,
        processors: String = ""
    ) {
        self.pids = pids
        self.memory = memory
        self.cpuShares = cpuShares
        self.cpuQuota = cpuQuota
        self.cpuPeriod = cpuPeriod
        self.processors = processors
    }

    public init(from reader: inout WireReader) throws {
        pids = try reader.read()
        memory = try reader.read()
        cpuShares = try reader.read()
        cpuQuota = try reader.read()
        cpuPeriod = try reader.read()
        processors = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(pids)
        writer.write(memory)
        writer.write(cpuShares)
        writer.write(cpuQuota)
        writer.write(cpuPeriod)
        writer.write(processors)
    }
}

/// What a container uses.
public struct Statistics: WireValue, Equatable {
    public var processes: UInt32
    /// Nanoseconds.
    public var userTime: UInt64
    /// Nanoseconds.
    public var systemTime: UInt64
    /// Bytes of proportional set size (or resident, where the host does not tell).
    public var memory: UInt64
    public var memoryPeak: UInt64
    public var memoryLimit: UInt64
    public var pidsLimit: UInt64
    public var oomKills: UInt32
    /// Bytes that came from disks, and that were to go there.
    public var blocksRead: UInt64 = 0
    public var blocksWritten: UInt64 = 0

    public init() {
        (processes, userTime, systemTime, memory, memoryPeak, memoryLimit, pidsLimit, oomKills) = (
            0, 0, 0, 0, 0, 0, 0, 0
        )
    }

    public init(from reader: inout WireReader) throws {
        processes = try reader.read()
        userTime = try reader.read()
        systemTime = try reader.read()
        memory = try reader.read()
        memoryPeak = try reader.read()
        memoryLimit = try reader.read()
        pidsLimit = try reader.read()
        oomKills = try reader.read()
        // A kernel that was started by an older release does not tell of these.
        if reader.isAtEnd { return }
        blocksRead = try reader.read()
        blocksWritten = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(processes)
        writer.write(userTime)
        writer.write(systemTime)
        writer.write(memory)
        writer.write(memoryPeak)
        writer.write(memoryLimit)
        writer.write(pidsLimit)
        writer.write(oomKills)
        writer.write(blocksRead)
        writer.write(blocksWritten)
    }
}
