import Glibc
import SystemPackage

/// Who a process is: ids, groups, capabilities, as the container sees them.
enum IdentityCalls {
    static let getuid = SystemCallHandler { call throws(Errno) in .value(Int(call.process.inherited.identity.uid)) }
    static let geteuid = SystemCallHandler { call throws(Errno) in
        .value(Int(call.process.inherited.identity.effectiveUID))
    }
    static let getgid = SystemCallHandler { call throws(Errno) in .value(Int(call.process.inherited.identity.gid)) }
    static let getegid = SystemCallHandler { call throws(Errno) in
        .value(Int(call.process.inherited.identity.effectiveGID))
    }

    static let getresuid = SystemCallHandler { call throws(Errno) in
        let identity = call.process.inherited.identity
        try call.write(identity.uid, at: call[0])
        try call.write(identity.effectiveUID, at: call[1])
        try call.write(identity.savedUID, at: call[2])
        return .value(0)
    }

    static let getresgid = SystemCallHandler { call throws(Errno) in
        let identity = call.process.inherited.identity
        try call.write(identity.gid, at: call[0])
        try call.write(identity.effectiveGID, at: call[1])
        try call.write(identity.savedGID, at: call[2])
        return .value(0)
    }

    static let getgroups = SystemCallHandler { call throws(Errno) in
        let groups = call.process.inherited.identity.groups
        let room = call.int(0)
        guard room >= 0 else { throw .invalidArgument }
        if room == 0 { return .value(groups.count) }
        guard groups.count <= room else { throw .invalidArgument }
        try call.write(array: groups, at: call[1])
        return .value(groups.count)
    }

    static let setgroups = SystemCallHandler { call throws(Errno) in
        guard call.process.inherited.identity.has(.setGID) else { throw .notPermitted }
        let count = Int(call.uint(0))
        guard count <= 65536 else { throw .invalidArgument }
        let groups = try call.readArray(UInt32.self, at: call[1], count: count)
        call.process.change { $0.identity.groups = groups }
        return .value(0)
    }

    // MARK: User ids

    static let setuid = SystemCallHandler { call throws(Errno) in
        let (id, identity) = (call.uint(0), call.process.inherited.identity)
        guard id != .max else { throw .invalidArgument }
        if identity.has(.setUID) { return try uids(call, real: id, effective: id, saved: id) }
        guard id == identity.uid || id == identity.savedUID else { throw .notPermitted }
        return try uids(call, real: identity.uid, effective: id, saved: identity.savedUID)
    }

    static let setreuid = SystemCallHandler { call throws(Errno) in
        let identity = call.process.inherited.identity
        let (real, effective) = (call.uint(0), call.uint(1))
        if !identity.has(.setUID) {
            guard real == .max || real == identity.uid || real == identity.effectiveUID,
                effective == .max || effective == identity.uid || effective == identity.effectiveUID
                    || effective == identity.savedUID
            else { throw .notPermitted }
        }
        let newReal = real == .max ? identity.uid : real
        let newEffective = effective == .max ? identity.effectiveUID : effective
        let takesSaved = real != .max || (effective != .max && effective != identity.uid)
        return try uids(
            call, real: newReal, effective: newEffective, saved: takesSaved ? newEffective : identity.savedUID)
    }

    static let setresuid = SystemCallHandler { call throws(Errno) in
        let identity = call.process.inherited.identity
        let wanted = [call.uint(0), call.uint(1), call.uint(2)]
        let current = [identity.uid, identity.effectiveUID, identity.savedUID]
        if !identity.has(.setUID) {
            guard wanted.allSatisfy({ $0 == .max || current.contains($0) }) else { throw .notPermitted }
        }
        let new = zip(wanted, current).map { $0 == .max ? $1 : $0 }
        return try uids(call, real: new[0], effective: new[1], saved: new[2])
    }

    static let setfsuid = SystemCallHandler { call throws(Errno) in
        let (id, identity) = (call.uint(0), call.process.inherited.identity)
        let known = [identity.uid, identity.effectiveUID, identity.savedUID, identity.fileUID]
        if id != .max, identity.has(.setUID) || known.contains(id) {
            call.process.change {
                $0.identity.setFileUID(id)
                $0.noteChange(from: identity)
            }
        }
        return .value(Int(identity.fileUID))
    }

    private static func uids(
        _ call: CallContext, real: UInt32, effective: UInt32, saved: UInt32
    ) throws(Errno) -> Reply {
        call.process.change {
            let before = $0.identity
            $0.identity.setUIDs(
                real: real, effective: effective, saved: saved,
                keepsCapabilities: $0.identity.secureBits & Identity.keepsCapabilities != 0)
            $0.noteChange(from: before)
        }
        call.kernel.inside.tell(call.process, call.files)
        return .value(0)
    }

    // MARK: Group ids

    static let setgid = SystemCallHandler { call throws(Errno) in
        let (id, identity) = (call.uint(0), call.process.inherited.identity)
        guard id != .max else { throw .invalidArgument }
        if identity.has(.setGID) { return gids(call, real: id, effective: id, saved: id) }
        guard id == identity.gid || id == identity.savedGID else { throw .notPermitted }
        return gids(call, real: identity.gid, effective: id, saved: identity.savedGID)
    }

    static let setregid = SystemCallHandler { call throws(Errno) in
        let identity = call.process.inherited.identity
        let (real, effective) = (call.uint(0), call.uint(1))
        if !identity.has(.setGID) {
            guard real == .max || real == identity.gid || real == identity.effectiveGID,
                effective == .max || effective == identity.gid || effective == identity.effectiveGID
                    || effective == identity.savedGID
            else { throw .notPermitted }
        }
        let newReal = real == .max ? identity.gid : real
        let newEffective = effective == .max ? identity.effectiveGID : effective
        let takesSaved = real != .max || (effective != .max && effective != identity.gid)
        return gids(call, real: newReal, effective: newEffective, saved: takesSaved ? newEffective : identity.savedGID)
    }

    static let setresgid = SystemCallHandler { call throws(Errno) in
        let identity = call.process.inherited.identity
        let wanted = [call.uint(0), call.uint(1), call.uint(2)]
        let current = [identity.gid, identity.effectiveGID, identity.savedGID]
        if !identity.has(.setGID) {
            guard wanted.allSatisfy({ $0 == .max || current.contains($0) }) else { throw .notPermitted }
        }
        let new = zip(wanted, current).map { $0 == .max ? $1 : $0 }
        return gids(call, real: new[0], effective: new[1], saved: new[2])
    }

    static let setfsgid = SystemCallHandler { call throws(Errno) in
        let (id, identity) = (call.uint(0), call.process.inherited.identity)
        let known = [identity.gid, identity.effectiveGID, identity.savedGID, identity.fileGID]
        if id != .max, identity.has(.setGID) || known.contains(id) {
            call.process.change {
                $0.identity.fileGID = id
                $0.noteChange(from: identity)
            }
        }
        return .value(Int(identity.fileGID))
    }

    private static func gids(_ call: CallContext, real: UInt32, effective: UInt32, saved: UInt32) -> Reply {
        call.process.change {
            let before = $0.identity
            $0.identity.gid = real
            $0.identity.effectiveGID = effective
            $0.identity.savedGID = saved
            $0.identity.fileGID = effective
            $0.noteChange(from: before)
        }
        call.kernel.inside.tell(call.process, call.files)
        return .value(0)
    }
}
