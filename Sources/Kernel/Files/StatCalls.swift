// Writes the host kernel's structures: unsafe pointers are at home here.
import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// stat(2), statx(2), access(2), readlink(2), statfs(2).
enum StatCalls {
    static let stat = SystemCallHandler { call throws(Errno) in
        try write(try stat(call, folder: AT_FDCWD, path: try call.path(0), flags: 0), call, 1)
    }

    static let lstat = SystemCallHandler { call throws(Errno) in
        try write(try stat(call, folder: AT_FDCWD, path: try call.path(0), flags: AT_SYMLINK_NOFOLLOW), call, 1)
    }

    static let fstat = SystemCallHandler { call throws(Errno) in
        try write(try stat(call, call.int(0)), call, 1)
    }

    static let newfstatat = SystemCallHandler { call throws(Errno) in
        let flags = call.int(3)
        guard flags & ~(AT_SYMLINK_NOFOLLOW | 0x800 | 0x1000) == 0 else { throw .invalidArgument }
        // Since Linux 6.11 a null path with AT_EMPTY_PATH means the descriptor.
        let path = call[1] == 0 && flags & 0x1000 != 0 ? [] : try call.path(1)
        return try write(try stat(call, folder: call.int(0), path: path, flags: flags), call, 2)
    }

    static let statx = SystemCallHandler { call throws(Errno) in
        let flags = call.int(2)
        // AT_STATX_FORCE_SYNC and AT_STATX_DONT_SYNC exclude one another.
        guard flags & ~(AT_SYMLINK_NOFOLLOW | 0x800 | 0x1000 | 0x6000) == 0, flags & 0x6000 != 0x6000,
            call[3] & 0x8000_0000 == 0
        else { throw .invalidArgument }
        let path = call[1] == 0 && flags & 0x1000 != 0 ? [] : try call.path(1)
        var stat = try stat(call, folder: call.int(0), path: path, flags: flags)
        try withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer throws(Errno) in
            let size = ukf_write_statx(buffer.baseAddress!, &stat, UInt64(stat.dev_minor))
            try call.write(UnsafeRawBufferPointer(start: buffer.baseAddress!, count: size), at: call[4])
        }
        return .value(0)
    }

    private static func stat(_ call: CallContext, folder: CInt, path: [UInt8], flags: CInt) throws(Errno) -> ukf_stat {
        if path.isEmpty, flags & 0x1000 != 0, folder != AT_FDCWD {
            return try stat(call, folder)
        }
        switch try call.place(folder: folder, path: path, flags: flags) {
        case .node(let node):
            let stat = try call.files.stat(node)
            call.files.shared?.saw(node, call.process.sites.isReady ? stat : nil)
            return stat
        case .descriptor(let path): return try call.files.stat(behind: String(decoding: path, as: UTF8.self))
        }
    }

    private static func stat(_ call: CallContext, _ descriptor: CInt) throws(Errno) -> ukf_stat {
        let host = try call.hostStat(descriptor)
        return try call.files.stat(behind: HostProcess.descriptorPath(call.tid, descriptor), host: host)
    }

    private static func write(_ stat: ukf_stat, _ call: CallContext, _ index: Int) throws(Errno) -> Reply {
        var stat = stat
        try withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer throws(Errno) in
            let size = ukf_write_stat(buffer.baseAddress!, &stat)
            try call.write(UnsafeRawBufferPointer(start: buffer.baseAddress!, count: size), at: call[index])
        }
        return .value(0)
    }

    static let access = SystemCallHandler { call throws(Errno) in
        try check(call, folder: AT_FDCWD, path: try call.path(0), mode: call.int(1), flags: 0)
    }

    static let faccessat = SystemCallHandler { call throws(Errno) in
        try check(call, folder: call.int(0), path: try call.path(1), mode: call.int(2), flags: 0)
    }

    static let faccessat2 = SystemCallHandler { call throws(Errno) in
        try check(call, folder: call.int(0), path: try call.path(1), mode: call.int(2), flags: call.int(3))
    }

    private static func check(
        _ call: CallContext, folder: CInt, path: [UInt8], mode: CInt, flags: CInt
    ) throws(Errno) -> Reply {
        guard mode & ~7 == 0, flags & ~(0x200 | AT_SYMLINK_NOFOLLOW | 0x1000) == 0 else { throw .invalidArgument }
        guard case .node(let node) = try call.place(folder: folder, path: path, flags: flags) else { return .value(0) }
        var caller = call.caller
        if flags & 0x200 == 0 {
            // The real ids count, and a real root's permitted capabilities.
            let identity = call.process.inherited.identity
            caller.credentials.uid = identity.uid
            caller.credentials.gid = identity.gid
            caller.credentials.capabilities = identity.uid == 0 ? identity.permitted : 0
        }
        try call.files.checkAccess(Access(rawValue: UInt32(mode)), to: node, for: caller)
        return .value(0)
    }

    static let readlink = SystemCallHandler { call throws(Errno) in
        try readlink(call, folder: AT_FDCWD, path: try call.path(0), buffer: call[1], size: call.int(2))
    }

    static let readlinkat = SystemCallHandler { call throws(Errno) in
        try readlink(call, folder: call.int(0), path: try call.path(1), buffer: call[2], size: call.int(3))
    }

    private static func readlink(
        _ call: CallContext, folder: CInt, path: [UInt8], buffer: UInt64, size: CInt
    ) throws(Errno) -> Reply {
        guard size > 0 else { throw .invalidArgument }
        let flags = AT_SYMLINK_NOFOLLOW | (path.isEmpty && folder != AT_FDCWD ? 0x1000 : 0)
        guard case .node(let node) = try call.place(folder: folder, path: path, flags: flags) else {
            throw path.isEmpty ? .noSuchFileOrDirectory : .invalidArgument
        }
        if path.isEmpty, node.type != .link { throw .noSuchFileOrDirectory }
        let target = try call.files.linkTarget(of: node, for: call.caller).prefix(Int(size))
        call.files.shared?.saw(node)
        try call.write(Array(target), at: buffer)
        return .value(target.count)
    }

    static let statfs = SystemCallHandler { call throws(Errno) in
        try call.write(try call.files.statFileSystem(try call.node(0)), at: call[1])
        return .value(0)
    }

    static let fstatfs = SystemCallHandler { call throws(Errno) in
        let name = try call.descriptorName(call.int(0))
        if let node = try call.existing({ () throws(Errno) in try call.files.node(behind: name) }) {
            try call.write(try call.files.statFileSystem(node), at: call[1])
            return .value(0)
        }
        // A pipe or the like: what the host says is right.
        let descriptor = ukf_open(AT_FDCWD, name, ukf_o_path, 0)
        guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let size = ukf_statfs(descriptor, &bytes)
        guard size >= 0 else { throw Errno(rawValue: CInt(-size)) }
        try call.write(Array(bytes.prefix(size)), at: call[1])
        return .value(0)
    }
}
