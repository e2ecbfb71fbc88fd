import CFiles
import Glibc

/// An open folder whose listing the file system gives itself. The process holds a descriptor for a nameless folder of the host
/// that stands for it; a duplicate here moves the offset that both share.
final class OpenFolder {
    let node: Node
    /// Shares its offset with the process's descriptors.
    let descriptor: CInt
    /// The entries as they were when the listing began; nil before.
    var entries: [ListEntry]?

    init(node: Node, descriptor: CInt) {
        self.node = node
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// One line of a folder's listing.
public struct ListEntry {
    public var name: Name
    public var type: FileType
    public var inode: UInt64
}
