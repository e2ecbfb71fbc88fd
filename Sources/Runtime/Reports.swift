import KernelProtocol
import OCISpec

/// What `runu events` prints, in runc's shape (types/events.go there).
public struct StatisticsEvent: Sendable {
    struct CPU: Sendable, Encodable {
        struct Usage: Sendable, Encodable {
            var total: UInt64
            var user: UInt64
            var kernel: UInt64
        }
        struct Throttling: Sendable, Encodable {}
        var usage: Usage
        var throttling = Throttling()
    }
    struct Memory: Sendable, Encodable {
        struct Entry: Sendable, Encodable {
            var limit: UInt64
            var usage: UInt64
            var max: UInt64
            var failcnt: UInt64 = 0
        }
        var usage: Entry
    }
    struct Pids: Sendable, Encodable {
        var current: UInt32
        var limit: UInt64
    }
    struct BlockIO: Sendable, Encodable {
        struct Entry: Sendable, Encodable {
            // The host counts by process, not by device.
            var major: UInt64 = 0
            var minor: UInt64 = 0
            var op: String
            var value: UInt64
        }
        var ioServiceBytesRecursive: [Entry]?
    }
    struct Body: Sendable, Encodable {
        var cpu: CPU
        var memory: Memory
        var pids: Pids
        var blkio: BlockIO
    }

    private let type = "stats"
    var id: String
    var data: Body

    /// The event that tells `statistics` of container `id`. Times are nanoseconds, sizes bytes.
    public init(id: String, _ statistics: Statistics) {
        self.id = id
        data = Body(
            cpu: CPU(
                usage: .init(
                    total: statistics.userTime + statistics.systemTime, user: statistics.userTime,
                    kernel: statistics.systemTime)),
            memory: Memory(
                usage: .init(
                    limit: statistics.memoryLimit, usage: statistics.memory, max: statistics.memoryPeak,
                    failcnt: UInt64(statistics.oomKills))),
            pids: Pids(current: statistics.processes, limit: statistics.pidsLimit),
            blkio: BlockIO())
        if statistics.blocksRead > 0 || statistics.blocksWritten > 0 {
            data.blkio.ioServiceBytesRecursive = [
                BlockIO.Entry(op: "Read", value: statistics.blocksRead),
                BlockIO.Entry(op: "Write", value: statistics.blocksWritten),
            ]
        }
    }

    /// One line of JSON, its members in runc's order.
    public func text() throws -> String {
        String(decoding: try JSON.encode(members: [("type", type), ("id", id), ("data", data)]), as: UTF8.self)
    }
}

/// What `runu events` prints when a process was killed for want of memory.
public struct OutOfMemoryEvent: Sendable {
    private let type = "oom"
    var id: String

    /// The event that tells of it for container `id`.
    public init(id: String) { self.id = id }

    /// One line of JSON, its members in runc's order.
    public func text() throws -> String {
        String(decoding: try JSON.encode(members: [("type", type), ("id", id)]), as: UTF8.self)
    }
}

extension RuntimeFeatures {
    /// What runu can do: `runu features`.
    public static func runu(version: String) -> RuntimeFeatures {
        RuntimeFeatures(
            hooks: ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
            mountOptions: [
                "bind", "defaults", "dev", "exec", "noatime", "nodev", "noexec", "nosuid", "private", "rbind",
                "relatime",
                "ro", "rprivate", "rw", "strictatime", "suid",
            ],
            annotations: [
                "org.ukontainer.runu.version": version,
                // A namespace by path: of a pod's, the name of its host is taken over; processes and SysV IPC stay a container's own,
                // and the network is the host's in any case.
                "org.ukontainer.runu.namespaces.joined": "uts",
                "org.ukontainer.runu.namespaces.own": "ipc,mount,pid,uts",
                "org.ukontainer.runu.namespaces.ignored": "cgroup,network,time,user",
            ],
            linux: RuntimeFeatures.Linux(
                namespaces: RuntimeSpec.Namespace.allKinds, capabilities: RuntimeSpec.allCapabilities,
                cgroup: ["v1": false, "v2": false, "systemd": false, "systemdUser": false],
                seccomp: CallProfile.features, apparmor: Enabled(false), selinux: Enabled(false)))
    }
}

/// Names of the host's users, for `runu list`.
public enum Users {
    /// The name of `uid` in /etc/passwd (passwd(5)), or the number where it has none there: a program that loads nothing has
    /// no other name services.
    public static func name(of uid: UInt32) -> String {
        let text = (try? readFile("/etc/passwd")) ?? nil
        for line in String(decoding: text ?? [], as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 2, UInt32(fields[2]) == uid { return String(fields[0]) }
        }
        return String(uid)
    }
}
