import CShimMessages
import Shim
import TTRPC
import Testing

@Suite struct MetricsTests {
    private let data = JSONValue(
        Array(
            #"""
            {"cpu": {"usage": {"total": 5000000, "kernel": 2000000, "user": 3000000}},
             "memory": {"usage": {"usage": 11, "max": 12, "limit": 18446744073709551615}, "cache": 13},
             "pids": {"current": 2, "limit": 99},
             "blkio": {"ioServiceBytesRecursive": [
                {"major": 8, "minor": 0, "op": "Read", "value": 4096},
                {"major": 8, "minor": 0, "op": "Write", "value": 512},
                {"major": 8, "minor": 0, "op": "Sync", "value": 4608},
                {"major": 8, "minor": 16, "op": "Read", "value": 1}]}}
            """#.utf8))!

    @Test func onAHostWithoutTheUnifiedHierarchyTheyAreOfVersion1() throws {
        let metrics = Metrics(data, unified: false)
        #expect(metrics.typeURL == "io.containerd.cgroups.v1.Metrics")
        try decodeMessage(metrics.encoded, io__containerd__cgroups__v1__metrics__unpack) { message in
            #expect(message.pids.pointee.current == 2)
            #expect(message.cpu.pointee.usage.pointee.total == 5_000_000)
            #expect(message.memory.pointee.usage.pointee.limit == .max)
            #expect(message.memory.pointee.cache == 13)
            let blocks = message.blkio.pointee
            let told = (0..<blocks.n_io_service_bytes_recursive).map { index in
                let entry = blocks.io_service_bytes_recursive[index]!.pointee
                return "\(entry.major):\(entry.minor) \(String(cString: entry.op)) \(entry.value)"
            }
            #expect(
                told == [
                    "8:0 Read 4096", "8:0 Write 512", "8:0 Total 4608", "8:16 Read 1", "8:16 Write 0", "8:16 Total 1",
                ])
        }
    }

    @Test func withItTheyAreOfVersion2_inMicroseconds() throws {
        let metrics = Metrics(data, unified: true)
        #expect(metrics.typeURL == "io.containerd.cgroups.v2.Metrics")
        try decodeMessage(metrics.encoded, io__containerd__cgroups__v2__metrics__unpack) { message in
            #expect(message.pids.pointee.limit == 99)
            #expect(message.cpu.pointee.usage_usec == 5000)
            #expect(message.cpu.pointee.system_usec == 2000)
            #expect(message.memory.pointee.usage == 11)
            #expect(message.io.pointee.n_usage == 2)
            let first = message.io.pointee.usage[0]!.pointee
            #expect((first.major, first.minor, first.rbytes, first.wbytes) == (8, 0, 4096, 512))
        }
    }

    @Test func withoutALimitEnginesAreToldNoneAndNotZero() throws {
        let unlimited = JSONValue(Array(#"{"memory": {"usage": {"usage": 11, "limit": 0}}}"#.utf8))!
        let old = Metrics(unlimited, unified: false)
        try decodeMessage(old.encoded, io__containerd__cgroups__v1__metrics__unpack) { message in
            #expect(message.memory.pointee.usage.pointee.limit == 0x7FFF_FFFF_FFFF_F000)
        }
        let new = Metrics(unlimited, unified: true)
        try decodeMessage(new.encoded, io__containerd__cgroups__v2__metrics__unpack) { message in
            #expect(message.memory.pointee.usage_limit == .max)
        }
    }
}
