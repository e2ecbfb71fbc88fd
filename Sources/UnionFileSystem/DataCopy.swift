import CFiles
import Glibc
import SystemPackage

/// A big file's data on its way into the writable folder, which takes too long to have others wait for it.
///
/// A call that needs it ends with `FileSystem.mustWait`, and `FileSystem.wanted` is the copy. Whoever made the call runs it
/// on another thread and has the call done again, which then finds the data there. Layers do not change meanwhile.
package final class DataCopy: @unchecked Sendable {
    /// Files of at least as many bytes are copied aside.
    static let smallest = 4 << 20

    let node: Node
    /// In the work folder of the node's tree.
    let name: Name
    private let source: CInt
    private let target: CInt
    private let size: Int64
    /// Whether somebody runs it already.
    package var isRunning = false
    /// nil until it is done; then 0 or an error number.
    package private(set) var result: CInt?

    /// Takes both descriptors over.
    init(of node: Node, name: Name, from source: CInt, to target: CInt, size: Int64) {
        self.node = node
        self.name = name
        self.source = source
        self.target = target
        self.size = size
    }

    deinit {
        close(source)
        close(target)
    }

    /// Copies. From any thread, once.
    package func run() -> CInt { -ukf_copy_data(source, target, size) }

    /// Takes note of what `run` returned. For who has the file system to himself.
    package func finish(_ result: CInt) { self.result = result }
}

extension FileSystem {
    /// Thrown, where `copiesAside` is set, before anything was changed, by what has to wait for `wanted`. No error of the host's.
    package static let mustWait = Errno(rawValue: 4093)

    /// Copies a file's data to an empty one that `target` opens; a big file's may be there already, or have to be waited for.
    /// - Throws: `mustWait`.
    func copyData(of node: Node, named name: Name, from source: CInt, to target: CInt, size: Int64) throws(Errno) {
        guard copiesAside, size >= DataCopy.smallest else { return _ = try check(ukf_copy_data(source, target, size)) }
        if ukf_clone(source, target) == 0 { return }
        let (ownSource, ownTarget) = (fcntl(source, F_DUPFD_CLOEXEC, 0), fcntl(target, F_DUPFD_CLOEXEC, 0))
        guard ownSource >= 0, ownTarget >= 0 else {
            if ownSource >= 0 { close(ownSource) }
            throw .tooManyOpenFiles
        }
        let copy = DataCopy(of: node, name: name, from: ownSource, to: ownTarget, size: size)
        copies[ObjectIdentifier(node)] = copy
        wanted = copy
        throw FileSystem.mustWait
    }

    /// The name in the work folder under which a node's data is complete; nil when it was not copied aside.
    /// - Throws: `mustWait` while it is being copied; why it could not be.
    func copiedAside(_ node: Node) throws(Errno) -> Name? {
        guard !copies.isEmpty, let copy = copies[ObjectIdentifier(node)] else { return nil }
        guard let result = copy.result else {
            wanted = copy
            throw FileSystem.mustWait
        }
        copies[ObjectIdentifier(node)] = nil
        guard result == 0 else {
            remove(copy)
            throw Errno(rawValue: result)
        }
        return copy.name
    }

    /// The calls that waited for a copy have been done again: if none took it, it goes.
    package func drop(_ copy: DataCopy) {
        guard copies.removeValue(forKey: ObjectIdentifier(copy.node)) != nil else { return }
        remove(copy)
    }

    private func remove(_ copy: DataCopy) {
        guard let tree = copy.node.mount.tree else { return }
        withCString(copy.name) { _ = ukf_unlink(tree.work, $0, 0) }
    }
}
