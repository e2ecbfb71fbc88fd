// Structures of the C library's are read and written by offset.
import CKernel
import Glibc
import SystemPackage

/// The calls of sysvipc(7).
enum SysVCalls {
    private typealias Kind = SysVTable.Kind

    static let shmget = SystemCallHandler { call throws(Errno) in
        try get(call, .memory, flags: call.int(2), size: call[1]) {
            ukk_raw(29, 0, Int(bitPattern: UInt(call[1])), Int($0), 0, 0, 0)
        }
    }

    static let semget = SystemCallHandler { call throws(Errno) in
        guard call.int(1) >= 0 else { throw .invalidArgument }
        return try get(call, .semaphores, flags: call.int(2), size: UInt64(call.int(1))) {
            ukk_raw(64, 0, Int(call.int(1)), Int($0), 0, 0, 0)
        }
    }

    static let msgget = SystemCallHandler { call throws(Errno) in
        try get(call, .queue, flags: call.int(1), size: 0) { ukk_raw(68, 0, Int($0), 0, 0, 0, 0) }
    }

    /// shmat: to read, and unless SHM_RDONLY says otherwise to write.
    static let shm = SystemCallHandler { call throws(Errno) in
        try use(call, .memory, wanted: call.int(2) & 0o10000 != 0 ? 4 : 6)
    }

    /// semop, semtimedop: to change a semaphore, or to wait until it is zero.
    static let sem = SystemCallHandler { call throws(Errno) in
        let count = Int(clamping: min(call[2], 500))
        let operations = try? call.readArray(UInt16.self, at: call[1], count: count * 3)
        let changes = operations.map { words in stride(from: 1, to: words.count, by: 3).contains { words[$0] != 0 } }
        return try use(call, .semaphores, wanted: changes ?? true ? 2 : 4)
    }

    /// msgsnd, msgrcv.
    static let msg = SystemCallHandler { call throws(Errno) in try use(call, .queue, wanted: call.number == 69 ? 2 : 4)
    }

    static let shmctl = SystemCallHandler { call throws(Errno) in
        try control(call, .memory, call.int(1), structure: call[2], size: 112)
    }
    static let semctl = SystemCallHandler { call throws(Errno) in
        try control(call, .semaphores, call.int(2), structure: call[3], size: 104)
    }
    static let msgctl = SystemCallHandler { call throws(Errno) in
        try control(call, .queue, call.int(1), structure: call[2], size: 120)
    }

    private static func get(
        _ call: CallContext, _ kind: Kind, flags: CInt, size: UInt64, _ make: (CInt) -> Int
    ) throws(Errno) -> Reply {
        let table = call.kernel.sysV
        let identity = call.process.inherited.identity
        let key = call.int(0)
        if key != 0, let id = table.number(ofKey: key, kind), let object = table[id, kind] {
            if flags & 0o3000 == 0o3000 { throw .fileExists }
            try permit(UInt32(bitPattern: flags) & 0o777, on: object, for: identity)
            guard size <= object.size || kind == .queue else { throw .invalidArgument }
            return .value(Int(id))
        }
        guard key == 0 || flags & 0o1000 != 0 else { throw .noSuchFileOrDirectory }
        // For the host's one user; who may do what inside is told apart here.
        let id = make(flags & 0o7000 | 0o600)
        guard id >= 0 else { throw Errno(rawValue: CInt(-id)) }
        let owner = (identity.effectiveUID, identity.effectiveGID)
        table.enter(
            Int32(id), kind,
            SysVTable.Object(
                key: key, owner: owner, creator: owner, mode: UInt32(bitPattern: flags) & 0o777,
                maker: call.process.pid, size: size
            ))
        return .value(id)
    }

    private static func use(_ call: CallContext, _ kind: Kind, wanted: UInt32) throws(Errno) -> Reply {
        guard let object = call.kernel.sysV[call.int(0), kind] else { throw .invalidArgument }
        try permit(wanted, on: object, for: call.process.inherited.identity)
        return .native
    }

    /// sysvipc(7), Permissions. The bits that are wanted count for whichever of the three the caller is.
    private static func permit(
        _ wanted: UInt32, on object: SysVTable.Object, for identity: Identity
    ) throws(Errno) {
        let bits = (wanted | wanted >> 3 | wanted >> 6) & 6
        let groups = identity.groups + [identity.effectiveGID]
        let granted: UInt32 =
            if identity.effectiveUID == object.owner.uid || identity.effectiveUID == object.creator.uid {
                object.mode >> 6
            } else if groups.contains(object.owner.gid) || groups.contains(object.creator.gid) {
                object.mode >> 3
            } else {
                object.mode
            }
        if bits & ~granted != 0, !identity.has(.ownerOfIPC) { throw .permissionDenied }
    }

    private static func demandOwner(_ object: SysVTable.Object, _ identity: Identity) throws(Errno) {
        guard
            identity.effectiveUID == object.owner.uid || identity.effectiveUID == object.creator.uid
                || identity.has(.administration)
        else { throw .notPermitted }
    }

    private enum Command {
        static let remove: CInt = 0
        static let set: CInt = 1
        static let status: CInt = 2
        /// IPC_INFO.
        static let limits: CInt = 3
        /// SETVAL and SETALL of semctl(2).
        static let setValues: Set<CInt> = [16, 17]
        /// GETPID, GETVAL, GETALL, GETNCNT, GETZCNT.
        static let values: Set<CInt> = [11, 12, 13, 14, 15]
        /// SHM_LOCK, SHM_UNLOCK.
        static let locks: Set<CInt> = [11, 12]
    }

    private static func control(
        _ call: CallContext, _ kind: Kind, _ command: CInt, structure: UInt64, size: Int
    ) throws(Errno) -> Reply {
        let table = call.kernel.sysV
        var id = call.int(0)
        let identity = call.process.inherited.identity
        // IPC_64 is said by old C libraries.
        let command = command & 0xFF
        if command == Command.limits || command == kind.figures {
            return try information(call, kind, command, structure)
        }
        let isByPlace = command == kind.byPlace
        if isByPlace {
            guard let found = table.number(atPlace: id, kind) else { throw .invalidArgument }
            id = found
        }
        guard var object = table[id, kind] else { throw .invalidArgument }
        switch command {
        case Command.remove:
            try demandOwner(object, identity)
            table.forget(id, kind)
            return .native
        case Command.set:
            try demandOwner(object, identity)
            let new = try call.read(structure, count: size)
            guard new.count == size else { throw .badAddress }
            object.owner = (word(new, 4), word(new, 8))
            object.mode = word(new, 20) & 0o777
            if kind == .queue { try setRoom(of: id, word(new, 88)) }
            table.enter(id, kind, object)
            return .value(0)
        case Command.status, kind.byPlace:
            try permit(4, on: object, for: identity)
            try call.write(try status(of: id, kind, object, call.kernel, size: size), at: structure)
            return .value(isByPlace ? Int(id) : 0)
        case let command where kind == .semaphores && Command.values.contains(command):
            try permit(4, on: object, for: identity)
            guard command == 11 else { return .native }
            let pid = ukk_raw(66, Int(id), Int(call.int(1)), 11, 0, 0, 0)
            guard pid >= 0 else { throw Errno(rawValue: CInt(-pid)) }
            return .value(Int(call.kernel.visible(pid_t(pid))))
        case let command where kind == .semaphores && Command.setValues.contains(command):
            try permit(2, on: object, for: identity)
            return .native
        case let command where kind == .memory && Command.locks.contains(command):
            try demandOwner(object, identity)
            return .native
        default:
            // SHM_STAT_ANY and its like, which Linux has for ipcs(1) of whoever may not look.
            throw .invalidArgument
        }
    }

    /// IPC_INFO's limits, which are the host's, and what MSG_INFO, SEM_INFO and SHM_INFO tell of the container's objects.
    private static func information(
        _ call: CallContext, _ kind: Kind, _ command: CInt, _ structure: UInt64
    ) throws(Errno) -> Reply {
        let isLimits = command == Command.limits
        var words = [UInt32](repeating: 0, count: 20)
        let result = words.withUnsafeMutableBytes { buffer in
            let address = Int(bitPattern: buffer.baseAddress!)
            return kind == .semaphores
                ? ukk_raw(66, 0, 0, Int(command), address, 0, 0)
                : ukk_raw(kind.control, 0, Int(command), address, 0, 0, 0)
        }
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        let objects = call.kernel.sysV.all(kind)
        let sizes = objects.map(\.object.size)
        let size: Int
        switch kind {
        case .memory:
            size = isLimits ? 72 : 48
            if !isLimits {
                // used_ids, and pages in all, in memory and in swap; attempts and successes of swapping.
                let pages = sizes.reduce(0) { $0 + ($1 + 4095) / 4096 }
                words = [UInt32(sizes.count), 0] + [pages, pages, 0, 0, 0].flatMap { halves($0) }
            }
        case .semaphores:
            size = 40
            // semusz, semaem
            if !isLimits {
                (words[7], words[9]) = (UInt32(sizes.count), UInt32(truncatingIfNeeded: sizes.reduce(0, +)))
            }
        case .queue:
            size = 32
            // msgpool, msgmap, msgtql: queues, messages, bytes
            if !isLimits {
                (words[0], words[1], words[6]) = (UInt32(sizes.count), 0, 0)
                for (id, object) in objects {
                    guard let status = try? status(of: id, kind, object, call.kernel, size: 120) else { continue }
                    words[1] &+= word(status, 80)
                    words[6] &+= word(status, 72)
                }
            }
        }
        let bytes = words.withUnsafeBytes { Array($0.prefix(size)) }
        try call.write(bytes, at: structure)
        return .value(Int(objects.map { SysVTable.place($0.id) }.max() ?? 0))
    }

    private static func halves(_ value: UInt64) -> [UInt32] {
        [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }

    /// IPC_STAT's structure as the container has it: `ipc64_perm` at its start, and numbers of processes.
    private static func status(
        of id: CInt, _ kind: Kind, _ object: SysVTable.Object, _ kernel: Kernel, size: Int
    ) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        let result = bytes.withUnsafeMutableBytes { buffer in
            let address = Int(bitPattern: buffer.baseAddress!)
            return kind == .semaphores
                ? ukk_raw(66, Int(id), 0, Int(Command.status), address, 0, 0)
                : ukk_raw(kind.control, Int(id), Int(Command.status), address, 0, 0, 0)
        }
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        func put(_ value: UInt32, at offset: Int) {
            for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
        }
        func show(pidAt offset: Int) {
            put(UInt32(bitPattern: kernel.visible(pid_t(bitPattern: word(bytes, offset)))), at: offset)
        }
        put(UInt32(bitPattern: object.key), at: 0)
        for (index, id) in [object.owner.uid, object.owner.gid, object.creator.uid, object.creator.gid].enumerated() {
            put(id, at: 4 + 4 * index)
        }
        put(word(bytes, 20) & ~0o777 | object.mode, at: 20)
        switch kind {
        case .memory:
            put(UInt32(bitPattern: kernel.processes.number(ofHost: object.maker)), at: 80)
            show(pidAt: 84)
        case .queue:
            show(pidAt: 96)
            show(pidAt: 100)
        case .semaphores: break
        }
        return bytes
    }

    /// Sets how many bytes a queue holds; all else of it stays this kernel's on the host.
    private static func setRoom(of id: CInt, _ room: UInt32) throws(Errno) {
        var bytes = [UInt8](repeating: 0, count: 120)
        let result = bytes.withUnsafeMutableBytes { buffer in
            let address = Int(bitPattern: buffer.baseAddress!)
            let current = ukk_raw(71, Int(id), Int(Command.status), address, 0, 0, 0)
            guard current >= 0 else { return current }
            buffer.storeBytes(of: UInt64(room), toByteOffset: 88, as: UInt64.self)
            return ukk_raw(71, Int(id), Int(Command.set), address, 0, 0, 0)
        }
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
    }
}
