import SystemPackage

/// Something mounted somewhere in the container's tree.
final class Mount {
    /// Counted from 1; also the minor number of the device that stat shows.
    let id: Int
    let type: String
    let source: String
    /// Options as mountinfo shows them, without ro/rw.
    let options: String
    var isReadonly: Bool
    var forbidsPrograms = false
    var forbidsSetID = false
    var forbidsDevices = false
    /// Where its files are; nil for a synthetic file system.
    let tree: Tree?
    /// The folder it is mounted on; nil for the root.
    private(set) var point: Node?
    private var madeRoot: Node!
    /// Makes the root, and then does what waits in `onceEntered`.
    private var making: (() throws(Errno) -> Node)?
    private var waiting: [() throws(Errno) -> Void] = []
    /// What processes are told of its names without asking.
    var shared: SharedNames?
    /// How much it may hold; nil: as much as the host has.
    var space: SpaceLimit?
    /// The host's device of its layers; see `SharedNames`.
    var plainDevice: UInt64?
    /// Nodes made since the cache was last swept.
    var nodesMade = 0

    init(id: Int, type: String, source: String, options: String = "", isReadonly: Bool, tree: Tree?) {
        self.id = id
        self.type = type
        self.source = source
        self.options = options
        self.isReadonly = isReadonly
        self.tree = tree
        deviceMinor = UInt32(id) + 64
    }

    /// The minor number of `st_dev`; its major is 0, as for every file system without a device of its own. Bind mounts of one
    /// file system of the host share it, as they do on Linux.
    var deviceMinor: UInt32

    /// A folder of it was opened before its listing came to need our hand.
    var hasStaleListing = false
    /// Whether mount(2) may make it writable again: what is read-only from outside stays so.
    var mayBecomeWritable = false
    /// The folder or file of another mount that a bind mount from inside shows, as mountinfo tells it.
    var shownRoot: [UInt8] = [0x2f]

    /// What was mounted on the same folder before.
    var covered: Mount?

    func setRoot(_ node: Node) { madeRoot = node }

    /// Has the root made when somebody first looks into the mount: on the host's disk that costs more than a short program
    /// that never does.
    func setRoot(whenEntered making: @escaping () throws(Errno) -> Node) { self.making = making }

    var isEntered: Bool { making == nil }

    /// Does what is to be done in the mount when somebody enters it; at once, if somebody has.
    func onceEntered(_ work: @escaping () throws(Errno) -> Void) throws(Errno) {
        if isEntered { try work() } else { waiting.append(work) }
    }

    /// Its root folder. Where the host has no room for that any more, one in which nothing is and nothing can be made.
    var root: Node {
        if making != nil { try? enter() }
        return madeRoot
    }

    /// Makes the root, if that has not been done.
    /// - Throws: why the host did not do all of it; the mount is entered all the same.
    func enter() throws(Errno) {
        guard let making else { return }
        self.making = nil
        madeRoot = Node(parent: nil, name: Name([]), mount: self, type: .folder)
        madeRoot.synthetic = MadeItem.folder(MadeFolder([:]), mode: 0o555)
        madeRoot = try making()
        let waiting = waiting
        self.waiting = []
        for work in waiting { try work() }
    }

    func attach(to point: Node?) {
        self.point = point
        point?.mounted = self
    }

    func detach() {
        point?.mounted = nil
        point = nil
    }
}
