import CFiles
import SystemPackage

/// A file, folder or link that the kernel makes up: what /proc, /sys and the like are built from.
protocol SyntheticItem: AnyObject {
    var attributes: Attributes { get }
    /// How a file is opened, or a link followed.
    var content: SyntheticContent { get }
}

/// What is behind a synthetic item.
enum SyntheticContent {
    case folder(any SyntheticFolder)
    /// Content made when it is opened.
    case file(read: (Caller) throws(Errno) -> [UInt8])
    /// A file of the host, opened as the caller asks.
    case host(path: [UInt8])
    /// A new pseudo-terminal's master.
    case master
    case link(target: (Caller) throws(Errno) -> [UInt8])
    /// A link that leads to its target whatever its text says (`/proc/PID/cwd`).
    case magic(text: (Caller) throws(Errno) -> [UInt8], target: (Caller) throws(Errno) -> Place)
}

/// A folder whose entries are made up.
protocol SyntheticFolder: AnyObject {
    func item(named name: Name, for caller: Caller) throws(Errno) -> (any SyntheticItem)?
    func names(for caller: Caller) -> [(name: Name, type: FileType)]
}
