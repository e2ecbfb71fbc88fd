import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// Calls that change a file's owner, mode, times and size.
enum ChangeCalls {
    // MARK: Mode

    static let chmod = SystemCallHandler { call throws(Errno) in
        try chmod(call, AT_FDCWD, try call.path(0), call.uint(1), 0)
    }

    static let fchmod = SystemCallHandler { call throws(Errno) in
        _ = try call.openDescriptorName(call.int(0))
        return try chmod(call, call.int(0), [], call.uint(1), 0x1000)
    }

    static let fchmodat = SystemCallHandler { call throws(Errno) in
        try chmod(call, call.int(0), try call.path(1), call.uint(2), 0)
    }

    static let fchmodat2 = SystemCallHandler { call throws(Errno) in
        guard call.int(3) & ~(AT_SYMLINK_NOFOLLOW | 0x1000) == 0 else { throw .invalidArgument }
        return try chmod(call, call.int(0), try call.path(1), call.uint(2), call.int(3))
    }

    private static func chmod(
        _ call: CallContext, _ folder: CInt, _ path: [UInt8], _ mode: UInt32, _ flags: CInt
    ) throws(Errno) -> Reply {
        switch try call.place(folder: folder, path: path, flags: flags) {
        case .node(let node): try call.files.setMode(mode, of: node, for: call.caller)
        case .descriptor(let path):
            try call.files.setMode(mode, behind: String(decoding: path, as: UTF8.self), for: call.caller)
        }
        return .value(0)
    }

    // MARK: Owner

    static let chown = SystemCallHandler { call throws(Errno) in
        try chown(call, AT_FDCWD, try call.path(0), call.uint(1), call.uint(2), 0)
    }

    static let lchown = SystemCallHandler { call throws(Errno) in
        try chown(call, AT_FDCWD, try call.path(0), call.uint(1), call.uint(2), AT_SYMLINK_NOFOLLOW)
    }

    static let fchown = SystemCallHandler { call throws(Errno) in
        _ = try call.openDescriptorName(call.int(0))
        return try chown(call, call.int(0), [], call.uint(1), call.uint(2), 0x1000)
    }

    static let fchownat = SystemCallHandler { call throws(Errno) in
        guard call.int(4) & ~(AT_SYMLINK_NOFOLLOW | 0x1000) == 0 else { throw .invalidArgument }
        return try chown(call, call.int(0), try call.path(1), call.uint(2), call.uint(3), call.int(4))
    }

    private static func chown(
        _ call: CallContext, _ folder: CInt, _ path: [UInt8], _ uid: UInt32, _ gid: UInt32, _ flags: CInt
    ) throws(Errno) -> Reply {
        let uid = uid == UInt32.max ? nil : uid
        let gid = gid == UInt32.max ? nil : gid
        switch try call.place(folder: folder, path: path, flags: flags) {
        case .node(let node): try call.files.setOwner(uid: uid, gid: gid, of: node, for: call.caller)
        case .descriptor(let path):
            try call.files.setOwner(uid: uid, gid: gid, behind: String(decoding: path, as: UTF8.self), for: call.caller)
        }
        return .value(0)
    }

    // MARK: Times

    static let utimensat = SystemCallHandler { call throws(Errno) in
        guard call.int(3) & ~(AT_SYMLINK_NOFOLLOW | 0x1000) == 0 else { throw .invalidArgument }
        var times: [Int64]?
        if call[2] != 0 {
            let values = try call.read((Int64, Int64, Int64, Int64).self, at: call[2])
            for nanoseconds in [values.1, values.3] {
                let isSpecial = nanoseconds == 0x3fff_ffff || nanoseconds == 0x3fff_fffe
                guard isSpecial || (0..<1_000_000_000).contains(nanoseconds) else { throw .invalidArgument }
            }
            times = [values.0, values.1, values.2, values.3]
        }
        // A null path means the descriptor itself: futimens(3).
        if call[1] == 0 {
            guard call.int(0) != AT_FDCWD else { throw .badAddress }
            _ = try call.openDescriptorName(call.int(0))
            return try setTimes(call, call.int(0), [], times, 0x1000)
        }
        return try setTimes(call, call.int(0), try call.path(1), times, call.int(3))
    }

    static let utimes = SystemCallHandler { call throws(Errno) in
        try setTimes(call, AT_FDCWD, try call.path(0), try readTimevals(call, call[1]), 0)
    }

    static let futimesat = SystemCallHandler { call throws(Errno) in
        let times = try readTimevals(call, call[2])
        if call[1] == 0 { return try setTimes(call, call.int(0), [], times, 0x1000) }
        return try setTimes(call, call.int(0), try call.path(1), times, 0)
    }

    static let utime = SystemCallHandler { call throws(Errno) in
        var times: [Int64]?
        if call[1] != 0 {
            let values = try call.read((Int64, Int64).self, at: call[1])
            times = [values.0, 0, values.1, 0]
        }
        return try setTimes(call, AT_FDCWD, try call.path(0), times, 0)
    }

    private static func readTimevals(_ call: CallContext, _ address: UInt64) throws(Errno) -> [Int64]? {
        guard address != 0 else { return nil }
        let values = try call.read((Int64, Int64, Int64, Int64).self, at: address)
        guard (0..<1_000_000).contains(values.1), (0..<1_000_000).contains(values.3) else { throw .invalidArgument }
        return [values.0, values.1 * 1000, values.2, values.3 * 1000]
    }

    private static func setTimes(
        _ call: CallContext, _ folder: CInt, _ path: [UInt8], _ times: [Int64]?, _ flags: CInt
    ) throws(Errno) -> Reply {
        switch try call.place(folder: folder, path: path, flags: flags) {
        case .node(let node): try call.files.setTimes(times, of: node, for: call.caller)
        case .descriptor(let path): try call.files.setTimes(times, behind: String(decoding: path, as: UTF8.self))
        }
        return .value(0)
    }

    // MARK: Size

    static let truncate = SystemCallHandler { call throws(Errno) in
        try call.files.setSize(Int64(bitPattern: call[1]), of: try call.node(0), for: call.caller)
        return .value(0)
    }
}
