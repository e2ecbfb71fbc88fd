import Glibc

/// Descriptors (O_PATH) of the folders that were lately looked into, a few of them.
///
/// A descriptor stays right whatever becomes of its folder's name; a folder that is replaced gets another node.
struct KeptFolders: ~Copyable {
    struct Key: Equatable {
        var node: ObjectIdentifier
        var place: Int
    }

    private static let limit = 16
    private var keys: [Key] = []
    private var descriptors: [CInt] = []
    /// Holds the nodes, so that no other can come to have the same identity.
    private var nodes: [Node] = []
    private var next = 0
    /// What was looked for in vain the last time.
    private var last: Key?

    deinit { for descriptor in descriptors { close(descriptor) } }

    func descriptor(_ key: Key) -> CInt? {
        for index in keys.indices where keys[index] == key { return descriptors[index] }
        return nil
    }

    /// Whether a folder that is not kept is looked into a second time.
    mutating func isWorthKeeping(_ key: Key) -> Bool {
        if last == key { return true }
        last = key
        return false
    }

    /// Lets go of a folder that was removed, of which the host tells (IN_DELETE_SELF) once nobody has it open.
    mutating func drop(_ node: Node) {
        for index in keys.indices.reversed() where nodes[index] === node {
            close(descriptors[index])
            keys.remove(at: index)
            descriptors.remove(at: index)
            nodes.remove(at: index)
            next = 0
        }
    }

    mutating func keep(_ descriptor: CInt, _ key: Key, _ node: Node) {
        if keys.count < KeptFolders.limit {
            keys.append(key)
            descriptors.append(descriptor)
            nodes.append(node)
            return
        }
        close(descriptors[next])
        keys[next] = key
        descriptors[next] = descriptor
        nodes[next] = node
        next = (next + 1) % KeptFolders.limit
    }
}
