import CFiles
import Glibc
import SystemPackage
import UnionFileSystem

/// Working folder, root, umask and listings.
enum FolderCalls {
    static let getcwd: SystemCallHandler = { call throws(Errno) in
        let state = call.process.inherited.files
        guard !state.folder.isRemoved else { throw .noSuchFileOrDirectory }
        let path = call.files.path(of: state.folder, from: state.root) ?? Array("(unreachable)/".utf8)
        guard UInt64(path.count) < call[1] else { throw .outOfRange }
        try call.write(path + [0], at: call[0])
        return .value(path.count + 1)
    }

    static let chdir: SystemCallHandler = { call throws(Errno) in
        try enter(call, try call.node(0))
    }

    static let fchdir: SystemCallHandler = { call throws(Errno) in
        try enter(call, try call.kernel.files.base(call.int(0), process: call.process, tid: call.tid))
    }

    private static func enter(_ call: CallContext, _ node: Node) throws(Errno) -> Reply {
        guard node.isFolder else { throw .notDirectory }
        try call.files.checkSearch(node, for: call.caller)
        call.process.change { $0.files.folder = node }
        return .value(0)
    }

    static let chroot: SystemCallHandler = { call throws(Errno) in
        let node = try call.node(0)
        guard node.isFolder else { throw .notDirectory }
        try call.files.checkSearch(node, for: call.caller)
        guard call.process.inherited.identity.has(.changeRoot) else { throw .notPermitted }
        call.process.change { $0.files.root = node }
        return .value(0)
    }

    static let umask: SystemCallHandler = { call throws(Errno) in
        let old = call.process.inherited.files.umask
        let new = call.uint(0) & 0o777
        if new != old { call.process.change { $0.files.umask = new } }
        return .value(Int(old))
    }

    static let getdents64: SystemCallHandler = { call throws(Errno) in try list(call, isOld: false) }
    static let getdents: SystemCallHandler = { call throws(Errno) in try list(call, isOld: true) }

    private static func list(_ call: CallContext, isOld: Bool) throws(Errno) -> Reply {
        let stat = try call.files.hostStat(behind: try call.descriptorName(call.int(0)))
        let size = min(Int(call.uint(2)), 1 << 20)
        guard let records = try call.files.listRecords(stat, size: size, isOld: isOld, for: call.caller) else {
            // The descriptor is a host's folder that lists itself; its number is all that the call names it by.
            return .native
        }
        try call.write(records, at: call[1])
        return .value(records.count)
    }
}
