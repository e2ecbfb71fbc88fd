/// What /proc needs to know of the container's processes. The kernel's process table conforms.
package protocol ProcessTableView: AnyObject {
    /// Numbers, inside the container, of the processes that are alive, in ascending order.
    func processNumbers() -> [Int32]
    /// Nil when there is no such process.
    func processView(_ number: Int32) -> ProcessView?
    /// Maps a host's number to the container's; 0 for processes outside.
    func number(ofHost pid: Int32) -> Int32
    /// Whether `thread` (a host's number) belongs to the process.
    func isThread(_ thread: Int32, of number: Int32) -> Bool
    /// Numbers of descriptors that this kernel keeps ready in a process, which the program did not open.
    func keptDescriptors(of number: Int32) -> Set<Int32>
    /// The sockets that processes of the container have open, by inode.
    func sockets() -> [UInt64: SocketView]
    /// Whether a process runs the program in a file.
    func isExecuted(_ node: Node) -> Bool
    /// What the container may use, and does.
    func resources() -> ResourceView
}

/// One process, as /proc shows it.
package struct ProcessView {
    package var number: Int32
    package var hostNumber: Int32
    /// 0 when the parent is outside the container.
    package var parent: Int32
    package var uids: (real: UInt32, effective: UInt32, saved: UInt32, file: UInt32)
    package var gids: (real: UInt32, effective: UInt32, saved: UInt32, file: UInt32)
    package var groups: [UInt32]
    package var capabilities:
        (inheritable: UInt64, permitted: UInt64, effective: UInt64, bounding: UInt64, ambient: UInt64)
    package var noNewPrivileges: Bool
    package var umask: UInt32
    /// Absolute path of the running program inside the container; empty before the first exec.
    package var executable: [UInt8]
    /// How many arguments and which stand before the process's own argv because of `#!`.
    package var interpreterArguments: [[UInt8]]
    package var folder: Node
    package var root: Node

    package init(
        number: Int32, hostNumber: Int32, parent: Int32,
        uids: (real: UInt32, effective: UInt32, saved: UInt32, file: UInt32),
        gids: (real: UInt32, effective: UInt32, saved: UInt32, file: UInt32), groups: [UInt32],
        capabilities: (inheritable: UInt64, permitted: UInt64, effective: UInt64, bounding: UInt64, ambient: UInt64),
        noNewPrivileges: Bool, umask: UInt32, executable: [UInt8], interpreterArguments: [[UInt8]], folder: Node,
        root: Node
    ) {
        self.number = number
        self.hostNumber = hostNumber
        self.parent = parent
        self.uids = uids
        self.gids = gids
        self.groups = groups
        self.capabilities = capabilities
        self.noNewPrivileges = noNewPrivileges
        self.umask = umask
        self.executable = executable
        self.interpreterArguments = interpreterArguments
        self.folder = folder
        self.root = root
    }
}

/// A socket, as /proc/net shows it.
package struct SocketView {
    /// The effective user of a process that has it.
    package var owner: UInt32
    /// What the container calls it, if it is a unix socket with a name: a path, or a zero byte and an abstract name.
    package var name: [UInt8]?

    package init(owner: UInt32, name: [UInt8]?) {
        self.owner = owner
        self.name = name
    }
}
