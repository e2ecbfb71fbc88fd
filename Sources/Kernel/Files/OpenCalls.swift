import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// open(2) and its kin.
enum OpenCalls {
    private static let closeOnExec = O_CLOEXEC
    /// The flags of open(2) that there are; openat2(2) takes no other.
    private static let validFlags: UInt64 = {
        let common =
            O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC
            | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        // O_LARGEFILE is 0 to the C library, not to the kernel.
        return UInt64(common | ukf_o_direct | ukf_o_noatime | ukf_o_path | ukf_o_tmpfile | 0o100000)
    }()

    static let open = SystemCallHandler { call throws(Errno) in
        try open(call, folder: AT_FDCWD, path: try call.path(0), flags: call.int(1), mode: call.maskedMode(2))
    }

    static let creat = SystemCallHandler { call throws(Errno) in
        try open(
            call, folder: AT_FDCWD, path: try call.path(0), flags: O_CREAT | O_WRONLY | O_TRUNC,
            mode: call.maskedMode(1))
    }

    static let openat = SystemCallHandler { call throws(Errno) in
        try open(call, folder: call.int(0), path: try call.path(1), flags: call.int(2), mode: call.maskedMode(3))
    }

    static let openat2 = SystemCallHandler { call throws(Errno) in
        guard call[3] >= 24 else { throw .invalidArgument }
        let how = try call.read((UInt64, UInt64, UInt64).self, at: call[2])
        if call[3] > 24 {
            guard call[3] <= 4096 else { throw .argListTooLong }
            let rest = try call.read(call[2] + 24, count: Int(call[3]) - 24)
            guard rest.allSatisfy({ $0 == 0 }) else { throw .argListTooLong }
        }
        guard how.0 & ~validFlags == 0, how.2 & ~0x3f == 0, how.2 & 0x18 != 0x18 else { throw .invalidArgument }
        if how.0 & UInt64(ukf_o_path) != 0 {
            let allowed = ukf_o_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            guard how.0 & ~UInt64(allowed) == 0 else { throw .invalidArgument }
        }
        var options: LookupOptions = []
        if how.2 & 0x01 != 0 { options.insert(.noMountCrossing) }
        if how.2 & 0x02 != 0 { options.insert(.noMagicLinks) }
        if how.2 & 0x04 != 0 { options.insert([.noLinks, .noMagicLinks]) }
        if how.2 & 0x08 != 0 { options.insert(.beneath) }
        if how.2 & 0x10 != 0 { options.insert(.inRoot) }
        // RESOLVE_CACHED asks for an answer without waiting, which nobody can promise here.
        if how.2 & 0x20 != 0 { throw .resourceTemporarilyUnavailable }
        let flags = CInt(truncatingIfNeeded: how.0)
        guard how.1 == 0 || flags & (O_CREAT | ukf_o_tmpfile) != 0, how.1 & ~0o7777 == 0 else { throw .invalidArgument }
        let mode = UInt32(how.1) & ~call.process.inherited.files.umask
        return try open(call, folder: call.int(0), path: try call.path(1), flags: flags, mode: mode, options)
    }

    private static func open(
        _ call: CallContext, folder: CInt, path: [UInt8], flags: CInt, mode: UInt32, _ options: LookupOptions = []
    ) throws(Errno) -> Reply {
        let isConfined = options.contains(.inRoot) || options.contains(.beneath)
        let base =
            path.first == UInt8(ascii: "/") && !isConfined
            ? call.process.inherited.files.root
            : try call.kernel.files.base(folder, process: call.process, tid: call.tid)
        call.files.lastOpened = nil
        let opened = try call.files.open(
            path, from: base, for: call.caller, flags: flags, mode: mode & 0o7777, options)
        let closes = flags & closeOnExec != 0
        switch opened {
        case .descriptor(let descriptor): return try call.kernel.inside.opened(call, descriptor, closes: closes)
        case .fifo(let descriptor, let flags):
            return try FifoOpening.open(call, descriptor, flags: flags, closes: closes)
        }
    }
}
