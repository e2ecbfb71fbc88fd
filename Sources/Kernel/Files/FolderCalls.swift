import CFiles
import CKernel
import Glibc
import SystemPackage
import UnionFileSystem

/// Working folder, root, umask and listings.
enum FolderCalls {
    static let getcwd = SystemCallHandler { call throws(Errno) in
        if call[0] == UKI_REQUEST { return try call.kernel.inside.answer(call) }
        let state = call.process.inherited.files
        guard !state.folder.isRemoved else { throw .noSuchFileOrDirectory }
        let path = call.files.path(of: state.folder, from: state.root) ?? Array("(unreachable)/".utf8)
        guard path.count < 4096 else { throw .fileNameTooLong }
        guard UInt64(path.count) < call[1] else { throw .outOfRange }
        try call.write(path + [0], at: call[0])
        return .value(path.count + 1)
    }

    static let chdir = SystemCallHandler { call throws(Errno) in
        try enter(call, try call.node(0))
    }

    static let fchdir = SystemCallHandler { call throws(Errno) in
        try enter(call, try call.kernel.files.base(call.int(0), process: call.process, tid: call.tid))
    }

    private static func enter(_ call: CallContext, _ node: Node) throws(Errno) -> Reply {
        guard node.isFolder else { throw .notDirectory }
        try call.files.checkSearch(node, for: call.caller)
        call.process.change { $0.files.folder = node }
        call.kernel.inside.tell(call.process, call.files)
        return .value(0)
    }

    static let chroot = SystemCallHandler { call throws(Errno) in
        let node = try call.node(0)
        guard node.isFolder else { throw .notDirectory }
        try call.files.checkSearch(node, for: call.caller)
        guard call.process.inherited.identity.has(.changeRoot) else { throw .notPermitted }
        call.process.change { $0.files.root = node }
        call.kernel.inside.leavesRoot(call.files)
        return .value(0)
    }

    static let umask = SystemCallHandler { call throws(Errno) in
        let old = call.process.inherited.files.umask
        let new = call.uint(0) & 0o777
        if new != old { call.process.change { $0.files.umask = new } }
        return .value(Int(old))
    }

    static let getdents64 = SystemCallHandler { call throws(Errno) in try list(call, isOld: false) }
    static let getdents = SystemCallHandler { call throws(Errno) in try list(call, isOld: true) }

    private static func list(_ call: CallContext, isOld: Bool) throws(Errno) -> Reply {
        guard call.files.mayListWrong else { return .native }
        let stat = try call.hostStat(call.int(0))
        let size = min(Int(call.uint(2)), 1 << 20)
        if let records = try call.files.listRecords(stat, size: size, isOld: isOld, for: call.caller) {
            try call.write(records, at: call[1])
            return .value(records.count)
        }
        if try replace(call, stat) { return try list(call, isOld: isOld) }
        // The descriptor is a host's folder that lists itself; its number is all that the call names it by.
        return .native
    }

    /// Puts a stand-in in the place of a descriptor whose listing begins and would be wrong.
    private static func replace(_ call: CallContext, _ stat: ukf_stat) throws(Errno) -> Bool {
        guard let standIn = try call.files.standIn(for: stat) else { return false }
        defer { close(standIn) }
        guard let information = HostProcess.information(of: call.int(0), in: "\(call.tid)"), information["pos"] == "0"
        else {
            return false
        }
        let closes = information["flags"].flatMap { UInt32($0, radix: 8) }.map { $0 & UInt32(O_CLOEXEC) != 0 } ?? false
        return ukk_add_descriptor(call.kernel.listener, call.id, 0, standIn, call.int(0), closes ? 1 : 0, 0) >= 0
    }
}
