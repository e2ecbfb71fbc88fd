import CKernel

/// System V shared memory, semaphores and message queues (sysvipc(7)).
///
/// The objects are the host's, made by this kernel without a key and for its one user; keys, owners and permissions are
/// the container's own. A call by number is native once it is known to be allowed: registers say it all, and waits stay
/// the host's.
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

        /// MSG_INFO, SEM_INFO, SHM_INFO.
        var figures: Int32 {
            switch self {
            case .memory: 14
            case .semaphores: 19
            case .queue: 12
            }
        }

        /// MSG_STAT, SEM_STAT, SHM_STAT.
        var byPlace: Int32 { figures - 1 }
    }

    struct Object {
        var key: Int32
        var owner: (uid: UInt32, gid: UInt32)
        let creator: (uid: UInt32, gid: UInt32)
        /// Permission bits.
        var mode: UInt32
        /// The host's number of the process that made it.
        let maker: pid_t
        /// Bytes of a segment, or number of semaphores.
        let size: UInt64
    }

    /// By the host's number.
    private var objects: [Int32: [Kind: Object]] = [:]
    /// The numbers of those with a key.
    private var keys: [Kind: [Int32: Int32]] = [:]

    subscript(_ id: Int32, _ kind: Kind) -> Object? { objects[id]?[kind] }

    /// Every object of a kind.
    func all(_ kind: Kind) -> [(id: Int32, object: Object)] {
        objects.compactMap { id, kinds in kinds[kind].map { (id, $0) } }
    }

    /// The place of an object in the host's table, by which SHM_STAT and its like name it: the lower bits of its number.
    static func place(_ id: Int32) -> Int32 { id & 0x7FFF }

    func number(atPlace place: Int32, _ kind: Kind) -> Int32? {
        all(kind).first { SysVTable.place($0.id) == place }?.id
    }

    func number(ofKey key: Int32, _ kind: Kind) -> Int32? { keys[kind]?[key] }

    func enter(_ id: Int32, _ kind: Kind, _ object: Object) {
        objects[id, default: [:]][kind] = object
        if object.key != 0 { keys[kind, default: [:]][object.key] = id }
    }

    func forget(_ id: Int32, _ kind: Kind) {
        guard let object = objects[id]?.removeValue(forKey: kind) else { return }
        if objects[id]?.isEmpty == true { objects[id] = nil }
        if keys[kind]?[object.key] == id { keys[kind]?[object.key] = nil }
    }

    /// The container is gone: so are its objects.
    func removeAll() {
        for (id, kinds) in objects {
            // IPC_RMID is 0, wherever it stands.
            for kind in kinds.keys { _ = ukk_raw(kind.control, Int(id), 0, 0, 0, 0, 0) }
        }
    }
}
