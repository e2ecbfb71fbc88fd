import CKernel
import Glibc
import SystemPackage

/// System V shared memory, semaphores and message queues (sysvipc(7)).
///
/// The objects are the host's, made by this kernel without a key; the keys are the container's own. A call by number is
/// native once the number is known to be one of the container's: registers say it all, and waits stay the host's.
package final class SysVTable {
    enum Kind: Int, CaseIterable {
        case memory = 29
        case semaphores = 64
        case queue = 68

        /// The control call: shmctl, semctl, msgctl.
        var control: Int {
            switch self {
            case .memory: 31
            case .semaphores: 66
            case .queue: 71
            }
        }
    }

    struct Object {
        var kind: Kind
        var key: Int32
    }

    /// By the host's number.
    var objects: [Int32: [Kind: Object]] = [:]
    /// The numbers of those with a key.
    var keys: [Kind: [Int32: Int32]] = [:]

    func isOurs(_ id: Int32, _ kind: Kind) -> Bool { objects[id]?[kind] != nil }

    func forget(_ id: Int32, _ kind: Kind) {
        guard let object = objects[id]?.removeValue(forKey: kind) else { return }
        if keys[kind]?[object.key] == id { keys[kind]?[object.key] = nil }
    }

    /// The container is gone: so are its objects.
    func removeAll() {
        for (id, kinds) in objects {
            for kind in kinds.keys {
                _ = ukk_raw(
                    kind.control, Int(id), kind == .semaphores ? 0 : IPC_RMID, kind == .semaphores ? IPC_RMID : 0, 0, 0,
                    0)
            }
        }
    }
}

enum SysVCalls {
    static let shmget: SystemCallHandler = { call throws(Errno) in
        try get(
            call, .memory, flags: call.int(2),
            existing: { ukk_raw(29, 0, Int(bitPattern: UInt(call[1])), Int($0), 0, 0, 0) })
    }

    static let semget: SystemCallHandler = { call throws(Errno) in
        try get(call, .semaphores, flags: call.int(2), existing: { ukk_raw(64, 0, Int(call.int(1)), Int($0), 0, 0, 0) })
    }

    static let msgget: SystemCallHandler = { call throws(Errno) in
        try get(call, .queue, flags: call.int(1), existing: { ukk_raw(68, 0, Int($0), 0, 0, 0, 0) })
    }

    /// shmat, semop, semtimedop, msgsnd, msgrcv: the object is the first argument.
    static let shm: SystemCallHandler = { call throws(Errno) in try use(call, .memory) }
    static let sem: SystemCallHandler = { call throws(Errno) in try use(call, .semaphores) }
    static let msg: SystemCallHandler = { call throws(Errno) in try use(call, .queue) }

    static let shmctl: SystemCallHandler = { call throws(Errno) in try control(call, .memory, call.int(1)) }
    static let semctl: SystemCallHandler = { call throws(Errno) in try control(call, .semaphores, call.int(2)) }
    static let msgctl: SystemCallHandler = { call throws(Errno) in try control(call, .queue, call.int(1)) }

    private static func get(
        _ call: CallContext, _ kind: SysVTable.Kind, flags: CInt, existing make: (CInt) -> Int
    ) throws(Errno) -> Reply {
        let table = call.kernel.sysV
        let key = call.int(0)
        if key != 0, let id = table.keys[kind]?[key] {
            if flags & 0o3000 == 0o3000 { throw .fileExists }
            return .value(Int(id))
        }
        guard key == 0 || flags & 0o1000 != 0 else { throw .noSuchFileOrDirectory }
        // For the host's one user; who may do what inside is not told apart.
        let id = make(flags & 0o7000 | 0o600)
        guard id >= 0 else { throw Errno(rawValue: CInt(-id)) }
        table.objects[Int32(id), default: [:]][kind] = SysVTable.Object(kind: kind, key: key)
        if key != 0 { table.keys[kind, default: [:]][key] = Int32(id) }
        return .value(id)
    }

    private static func use(_ call: CallContext, _ kind: SysVTable.Kind) throws(Errno) -> Reply {
        guard call.kernel.sysV.isOurs(call.int(0), kind) else { throw .invalidArgument }
        return .native
    }

    private static func control(_ call: CallContext, _ kind: SysVTable.Kind, _ command: CInt) throws(Errno) -> Reply {
        // What goes by the place in the host's table (IPC_INFO, SHM_STAT, ...) shows nothing.
        switch command & 0xFF {
        case 3, 13...15, 18...20: throw .invalidArgument
        default: break
        }
        guard call.kernel.sysV.isOurs(call.int(0), kind) else { throw .invalidArgument }
        if command & 0xFF == CInt(IPC_RMID) { call.kernel.sysV.forget(call.int(0), kind) }
        return .native
    }
}

private let IPC_RMID = 0
