import CFiles
import Glibc

/// What a stand-in descriptor stands for: an open folder whose listing the file system gives itself, or a file opened with O_PATH.
/// The process holds a descriptor for a nameless folder (or file) of the host; a duplicate here moves the offset that both share.
final class OpenFolder {
    let node: Node
    /// Shares its offset with the process's descriptors; -1 for what is no folder.
    let descriptor: CInt
    /// The entries as they were when the listing began; nil before.
    var entries: [ListEntry]?

    init(node: Node, descriptor: CInt) {
        self.node = node
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// One line of a folder's listing.
package struct ListEntry {
    package var name: Name
    package var type: FileType
    package var inode: UInt64

    package init(name: Name, type: FileType, inode: UInt64) {
        self.name = name
        self.type = type
        self.inode = inode
    }
}
