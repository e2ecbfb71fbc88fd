// Members that carry no comment are said by their names; initializers take them, and read and write them in their order.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// What sched_setattr(2) is told for a process.
public struct SchedulerSpecification: WireValue, Equatable {
    /// SCHED_*.
    public var policy: UInt32
    /// SCHED_FLAG_*.
    public var flags: UInt64
    public var nice: Int32
    public var priority: UInt32
    /// Nanoseconds.
    public var runtime: UInt64
    /// Nanoseconds.
    public var deadline: UInt64
    /// Nanoseconds.
    public var period: UInt64

    public init(
        policy: UInt32, flags: UInt64 = 0, nice: Int32 = 0, priority: UInt32 = 0, runtime: UInt64 = 0,
        deadline: UInt64 = 0, period: UInt64 = 0
    ) {
        self.policy = policy
        self.flags = flags
        self.nice = nice
        self.priority = priority
        self.runtime = runtime
        self.deadline = deadline
        self.period = period
    }

    public init(from reader: inout WireReader) throws {
        policy = try reader.read()
        flags = try reader.read()
        nice = try reader.read()
        priority = try reader.read()
        runtime = try reader.read()
        deadline = try reader.read()
        period = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(policy)
        writer.write(flags)
        writer.write(nice)
        writer.write(priority)
        writer.write(runtime)
        writer.write(deadline)
        writer.write(period)
    }
}

/// A node that is to be there when the container starts (OCI runtime specification, config-linux.md, Devices).
public struct DeviceSpecification: WireValue, Equatable {
    /// Absolute path in the container.
    public var path: String
    /// S_IFCHR, S_IFBLK or S_IFIFO, and the permissions.
    public var mode: UInt32
    public var major: UInt32
    public var minor: UInt32
    public var uid: UInt32
    public var gid: UInt32

    public init(path: String, mode: UInt32, major: UInt32 = 0, minor: UInt32 = 0, uid: UInt32 = 0, gid: UInt32 = 0) {
        self.path = path
        self.mode = mode
        self.major = major
        self.minor = minor
        self.uid = uid
        self.gid = gid
    }

    public init(from reader: inout WireReader) throws {
        path = try reader.read()
        mode = try reader.read()
        major = try reader.read()
        minor = try reader.read()
        uid = try reader.read()
        gid = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(path)
        writer.write(mode)
        writer.write(major)
        writer.write(minor)
        writer.write(uid)
        writer.write(gid)
    }
}
