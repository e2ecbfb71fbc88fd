import UnionFileSystem

/// What a process looks paths up with; copied by fork.
package struct FileState {
    /// Bits taken off a new file's mode.
    package var umask: UInt32 = 0o022
    /// Where `/` leads (chroot(2)).
    package var root: Node
    /// The working folder.
    package var folder: Node

    package init(root: Node, folder: Node, umask: UInt32 = 0o022) {
        self.root = root
        self.folder = folder
        self.umask = umask
    }
}
