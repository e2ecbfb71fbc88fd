import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// Calls that make, remove and move names.
enum NameCalls {
    static let mkdir = SystemCallHandler { call throws(Errno) in
        try mkdir(call, AT_FDCWD, try call.path(0), call.maskedMode(1))
    }

    static let mkdirat = SystemCallHandler { call throws(Errno) in
        try mkdir(call, call.int(0), try call.path(1), call.maskedMode(2))
    }

    private static func mkdir(_ call: CallContext, _ folder: CInt, _ path: [UInt8], _ mode: UInt32) throws(Errno)
        -> Reply
    {
        try call.files.makeFolder(path, from: try base(call, folder, path), for: call.caller, mode: mode)
        return .value(0)
    }

    private static func base(_ call: CallContext, _ folder: CInt, _ path: [UInt8]) throws(Errno) -> Node {
        if path.first == UInt8(ascii: "/") { return call.process.inherited.files.root }
        return try call.kernel.files.base(folder, process: call.process, tid: call.tid)
    }

    static let rmdir = SystemCallHandler { call throws(Errno) in
        let path = try call.path(0)
        try call.files.removeFolder(path, from: try base(call, AT_FDCWD, path), for: call.caller)
        return .value(0)
    }

    static let unlink = SystemCallHandler { call throws(Errno) in
        let path = try call.path(0)
        try call.files.removeFile(path, from: try base(call, AT_FDCWD, path), for: call.caller)
        return .value(0)
    }

    static let unlinkat = SystemCallHandler { call throws(Errno) in
        let path = try call.path(1)
        guard call.int(2) & ~AT_REMOVEDIR == 0 else { throw .invalidArgument }
        let base = try base(call, call.int(0), path)
        if call.int(2) & AT_REMOVEDIR != 0 {
            try call.files.removeFolder(path, from: base, for: call.caller)
        } else {
            try call.files.removeFile(path, from: base, for: call.caller)
        }
        return .value(0)
    }

    static let rename = SystemCallHandler { call throws(Errno) in
        try rename(call, AT_FDCWD, try call.path(0), AT_FDCWD, try call.path(1), 0)
    }

    static let renameat = SystemCallHandler { call throws(Errno) in
        try rename(call, call.int(0), try call.path(1), call.int(2), try call.path(3), 0)
    }

    static let renameat2 = SystemCallHandler { call throws(Errno) in
        try rename(call, call.int(0), try call.path(1), call.int(2), try call.path(3), call.uint(4))
    }

    private static func rename(
        _ call: CallContext, _ oldFolder: CInt, _ old: [UInt8], _ newFolder: CInt, _ new: [UInt8], _ flags: UInt32
    ) throws(Errno) -> Reply {
        try call.files.rename(
            old, from: try base(call, oldFolder, old), to: new, from: try base(call, newFolder, new), for: call.caller,
            flags: flags)
        return .value(0)
    }

    static let link = SystemCallHandler { call throws(Errno) in
        try link(call, AT_FDCWD, try call.path(0), AT_FDCWD, try call.path(1), 0)
    }

    static let linkat = SystemCallHandler { call throws(Errno) in
        guard call.int(4) & ~(0x400 | 0x1000) == 0 else { throw .invalidArgument }
        return try link(call, call.int(0), try call.path(1), call.int(2), try call.path(3), call.int(4))
    }

    private static func link(
        _ call: CallContext, _ oldFolder: CInt, _ old: [UInt8], _ newFolder: CInt, _ new: [UInt8], _ flags: CInt
    ) throws(Errno) -> Reply {
        let follow = flags & 0x400 != 0 ? 0 : AT_SYMLINK_NOFOLLOW
        let place = try call.place(folder: oldFolder, path: old, flags: follow | flags & 0x1000)
        let target = try base(call, newFolder, new)
        switch place {
        case .node(let node):
            try call.files.makeHardLink(of: node, at: new, from: target, for: call.caller)
        case .descriptor(let path):
            let descriptor = try valid(ukf_open(AT_FDCWD, String(decoding: path, as: UTF8.self), ukf_o_path, 0))
            defer { close(descriptor) }
            try call.files.makeHardLink(ofDescriptor: descriptor, at: new, from: target, for: call.caller)
        }
        return .value(0)
    }

    static let symlink = SystemCallHandler { call throws(Errno) in
        let path = try call.path(1)
        try call.files.makeLink(
            to: try call.path(0), at: path, from: try base(call, AT_FDCWD, path), for: call.caller)
        return .value(0)
    }

    static let symlinkat = SystemCallHandler { call throws(Errno) in
        let path = try call.path(2)
        try call.files.makeLink(
            to: try call.path(0), at: path, from: try base(call, call.int(1), path), for: call.caller)
        return .value(0)
    }

    static let mknod = SystemCallHandler { call throws(Errno) in
        try mknod(call, AT_FDCWD, try call.path(0), call.maskedMode(1), call.uint(2))
    }

    static let mknodat = SystemCallHandler { call throws(Errno) in
        try mknod(call, call.int(0), try call.path(1), call.maskedMode(2), call.uint(3))
    }

    private static func mknod(
        _ call: CallContext, _ folder: CInt, _ path: [UInt8], _ mode: UInt32, _ device: UInt32
    ) throws(Errno) -> Reply {
        // As the kernel encodes a 32-bit device number.
        let major = (device >> 8) & 0xfff
        let minor = (device & 0xff) | (device >> 12 & 0xfff00)
        try call.files.makeNode(
            path, from: try base(call, folder, path), for: call.caller, mode: mode, major: major, minor: minor)
        return .value(0)
    }
}
