import CHost
import CShimMessages
import Glibc
import TTRPC

/// What Stats answers with: the counters of `runu events --stats`, in the message that a client of a host with this kind
/// of cgroup hierarchy expects.
package struct Metrics {
    package var typeURL: String
    package var encoded: [UInt8]

    /// From the `data` of a stats event (runc's types/events.go).
    package init(_ data: JSONValue, unified: Bool = Metrics.hostIsUnified) {
        typeURL = unified ? "io.containerd.cgroups.v2.Metrics" : "io.containerd.cgroups.v1.Metrics"
        encoded = unified ? Metrics.version2(data) : Metrics.version1(data)
    }

    /// Whether the host has the unified hierarchy, as `stat -f /sys/fs/cgroup` tells.
    package static var hostIsUnified: Bool { access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 }

    /// What a cgroup of version 1 shows where there is no limit: engines take what is beyond the machine's memory for none,
    /// and 0 for a limit.
    private static let unlimited: UInt64 = 0x7FFF_FFFF_FFFF_F000

    /// Bytes from block devices, and to them.
    private struct BlockBytes {
        var major: UInt64
        var minor: UInt64
        var read: UInt64 = 0
        var written: UInt64 = 0
    }

    /// By device; runtimes tell one line for each device and what is done there.
    private static func blockBytes(_ data: JSONValue) -> [BlockBytes] {
        var devices: [BlockBytes] = []
        for line in data["blkio"]["ioServiceBytesRecursive"].elements {
            let (major, minor) = (line["major"].unsigned, line["minor"].unsigned)
            let known = devices.firstIndex { $0.major == major && $0.minor == minor }
            if known == nil { devices.append(BlockBytes(major: major, minor: minor)) }
            let index = known ?? devices.count - 1
            switch line["op"].string {
            case "Read", "read": devices[index].read += line["value"].unsigned
            case "Write", "write": devices[index].written += line["value"].unsigned
            default: break
            }
        }
        return devices
    }

    private static func version1(_ data: JSONValue) -> [UInt8] {
        let arena = MessageArena()
        let (pids, usage, memory) = (data["pids"], data["cpu"]["usage"], data["memory"])
        let blocks = blockBytes(data).flatMap { device in
            [("Read", device.read), ("Write", device.written), ("Total", device.read + device.written)].map {
                op, value in
                makeMessage(io__containerd__cgroups__v1__blk_ioentry__init) {
                    $0.op = arena.string(op)
                    ($0.major, $0.minor, $0.value) = (device.major, device.minor, value)
                }
            }
        }
        let message: Io__Containerd__Cgroups__V1__Metrics = makeMessage(io__containerd__cgroups__v1__metrics__init) {
            $0.pids = arena.message(
                makeMessage(io__containerd__cgroups__v1__pids_stat__init) {
                    $0.current = pids["current"].unsigned
                    $0.limit = pids["limit"].unsigned
                })
            $0.cpu = arena.message(
                makeMessage(io__containerd__cgroups__v1__cpustat__init) {
                    $0.usage = arena.message(
                        makeMessage(io__containerd__cgroups__v1__cpuusage__init) {
                            $0.total = usage["total"].unsigned
                            $0.kernel = usage["kernel"].unsigned
                            $0.user = usage["user"].unsigned
                        })
                    $0.throttling = arena.message(makeMessage(io__containerd__cgroups__v1__throttle__init))
                })
            $0.memory = arena.message(
                makeMessage(io__containerd__cgroups__v1__memory_stat__init) {
                    $0.cache = memory["cache"].unsigned
                    $0.rss = memory["raw"]["rss"].unsigned
                    $0.usage = arena.message(
                        makeMessage(io__containerd__cgroups__v1__memory_entry__init) {
                            $0.limit = memory["usage"]["limit"].unsigned.orNone(unlimited)
                            $0.usage = memory["usage"]["usage"].unsigned
                            $0.max = memory["usage"]["max"].unsigned
                            $0.failcnt = memory["usage"]["failcnt"].unsigned
                        })
                })
            $0.blkio = arena.message(
                makeMessage(io__containerd__cgroups__v1__blk_iostat__init) {
                    $0.n_io_service_bytes_recursive = blocks.count
                    $0.io_service_bytes_recursive = arena.repeated(blocks)
                })
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }

    private static func version2(_ data: JSONValue) -> [UInt8] {
        let arena = MessageArena()
        let (pids, usage, memory) = (data["pids"], data["cpu"]["usage"], data["memory"])
        let blocks = blockBytes(data).map { device in
            makeMessage(io__containerd__cgroups__v2__ioentry__init) {
                ($0.major, $0.minor) = (device.major, device.minor)
                ($0.rbytes, $0.wbytes) = (device.read, device.written)
            }
        }
        let message: Io__Containerd__Cgroups__V2__Metrics = makeMessage(io__containerd__cgroups__v2__metrics__init) {
            $0.pids = arena.message(
                makeMessage(io__containerd__cgroups__v2__pids_stat__init) {
                    $0.current = pids["current"].unsigned
                    $0.limit = pids["limit"].unsigned
                })
            $0.cpu = arena.message(
                makeMessage(io__containerd__cgroups__v2__cpustat__init) {
                    $0.usage_usec = usage["total"].unsigned / 1000
                    $0.user_usec = usage["user"].unsigned / 1000
                    $0.system_usec = usage["kernel"].unsigned / 1000
                })
            $0.memory = arena.message(
                makeMessage(io__containerd__cgroups__v2__memory_stat__init) {
                    $0.anon = memory["raw"]["rss"].unsigned
                    $0.file = memory["cache"].unsigned
                    $0.usage = memory["usage"]["usage"].unsigned
                    $0.usage_limit = memory["usage"]["limit"].unsigned.orNone(.max)
                    $0.max_usage = memory["usage"]["max"].unsigned
                })
            $0.io = arena.message(
                makeMessage(io__containerd__cgroups__v2__iostat__init) {
                    $0.n_usage = blocks.count
                    $0.usage = arena.repeated(blocks)
                })
        }
        return withExtendedLifetime(arena) { encodeMessage(message) }
    }
}

extension UInt64 {
    /// A limit, or what stands for none.
    fileprivate func orNone(_ none: UInt64) -> UInt64 { self == 0 ? none : self }
}
