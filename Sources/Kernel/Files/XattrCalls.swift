import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// The family of setxattr(2).
enum XattrCalls {
    static let getxattr = SystemCallHandler { call throws(Errno) in try get(call, try named(call)) }
    static let lgetxattr = SystemCallHandler { call throws(Errno) in try get(call, try named(call, noFollow: true)) }
    static let fgetxattr = SystemCallHandler { call throws(Errno) in try get(call, try described(call)) }
    static let setxattr = SystemCallHandler { call throws(Errno) in try set(call, try named(call)) }
    static let lsetxattr = SystemCallHandler { call throws(Errno) in try set(call, try named(call, noFollow: true)) }
    static let fsetxattr = SystemCallHandler { call throws(Errno) in try set(call, try described(call)) }
    static let listxattr = SystemCallHandler { call throws(Errno) in try list(call, try named(call)) }
    static let llistxattr = SystemCallHandler { call throws(Errno) in try list(call, try named(call, noFollow: true)) }
    static let flistxattr = SystemCallHandler { call throws(Errno) in try list(call, try described(call)) }
    static let removexattr = SystemCallHandler { call throws(Errno) in try remove(call, try named(call)) }
    static let lremovexattr = SystemCallHandler { call throws(Errno) in
        try remove(call, try named(call, noFollow: true))
    }
    static let fremovexattr = SystemCallHandler { call throws(Errno) in try remove(call, try described(call)) }

    private static func named(_ call: CallContext, noFollow: Bool = false) throws(Errno) -> Place {
        try call.place(folder: AT_FDCWD, path: try call.path(0), flags: noFollow ? AT_SYMLINK_NOFOLLOW : 0)
    }

    private static func described(_ call: CallContext) throws(Errno) -> Place {
        _ = try call.openDescriptorName(call.int(0))
        return try call.place(folder: call.int(0), path: [], flags: 0x1000)
    }

    private static func name(_ call: CallContext) throws(Errno) -> String {
        do throws(Errno) {
            let name = try call.readString(at: call[1], limit: 256)
            guard !name.isEmpty else { throw Errno.outOfRange }
            return String(decoding: name, as: UTF8.self)
        } catch {
            throw error == .fileNameTooLong ? .outOfRange : error
        }
    }

    private static func get(_ call: CallContext, _ place: Place) throws(Errno) -> Reply {
        try give(call, try call.files.xattr(try name(call), of: place, for: call.caller), at: call[2], size: call[3])
    }

    private static func list(_ call: CallContext, _ place: Place) throws(Errno) -> Reply {
        var names: [UInt8] = []
        for name in try call.files.xattrNames(of: place, for: call.caller) { names += Array(name.utf8) + [0] }
        return try give(call, names, at: call[1], size: call[2])
    }

    private static func give(_ call: CallContext, _ value: [UInt8], at address: UInt64, size: UInt64) throws(Errno)
        -> Reply
    {
        if size == 0 { return .value(value.count) }
        guard UInt64(value.count) <= size else { throw .outOfRange }
        try call.write(value, at: address)
        return .value(value.count)
    }

    private static func set(_ call: CallContext, _ place: Place) throws(Errno) -> Reply {
        guard call[3] <= 65536 else { throw .argListTooLong }
        let value = try call.read(call[2], count: Int(call[3]))
        guard value.count == Int(call[3]) else { throw .badAddress }
        try call.files.setXattr(try name(call), to: value, flags: call.int(4), of: place, for: call.caller)
        return .value(0)
    }

    private static func remove(_ call: CallContext, _ place: Place) throws(Errno) -> Reply {
        try call.files.removeXattr(try name(call), of: place, for: call.caller)
        return .value(0)
    }
}
