import UnionFileSystem

/// A file that is to be executed, opened for reading.
package struct ProgramFile {
    /// A descriptor of this process. Whoever holds the value closes it.
    package var descriptor: CInt
    /// The file's absolute path in the container, links resolved: what /proc/PID/exe shows.
    package var path: [UInt8]
    /// As stat(2) in the container would tell: set-id bits count.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32

    /// The file's node; nil for one that has no name.
    var node: Node?
    /// The same, where nobody changes what is in it.
    var layerNode: Node?
    /// What its headers say, if that is known.
    var executable: Executable?

    package init(descriptor: CInt, path: [UInt8], mode: UInt32, uid: UInt32, gid: UInt32) {
        self.descriptor = descriptor
        self.path = path
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }
}
