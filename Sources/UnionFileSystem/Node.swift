import CFiles

/// A name in the container's tree that is known to exist: what a kernel calls a dentry with its inode.
///
/// Nodes form a tree from each mount's root. A parent holds its children, and a child its parent; `FileSystem` cuts
/// the ones that nobody else holds out of the tree when there are many. A node whose name was removed stays usable for who
/// holds it, as `isRemoved`.
package final class Node {
    /// Nil for a mount's root.
    package internal(set) var parent: Node?
    package internal(set) var name: Name
    unowned let mount: Mount
    package internal(set) var type: FileType
    /// The places of the mount's tree in which it exists, topmost in the lowest bit. One for what is no folder.
    var places: UInt128
    /// Children looked up so far; `Child.absent` for names known not to exist.
    var children: [Name: Child] = [:]
    /// Owner and mode, once known and unchangeable behind our back.
    var attributes: Attributes?
    /// The host's file in the topmost place when it was looked up.
    var hostID: HostID?
    /// What is mounted on it.
    var mounted: Mount?
    /// Nil for a node of the host's files.
    var synthetic: (any SyntheticItem)?
    /// In a bind mount made from inside: the node of the mount below that this one stands for. What is known about the file
    /// is known there; here are only the name, the mount, and what is mounted on top.
    var origin: Node?
    /// The node that knows about the file.
    var real: Node { origin ?? self }
    /// Whether both are names of one file.
    package func isSameFile(as other: Node) -> Bool {
        real === other.real || (hostID != nil && hostID == other.hostID)
    }
    private var hasLostItsName = false
    package internal(set) var isRemoved: Bool {
        get { hasLostItsName || origin?.hasLostItsName == true }
        set { hasLostItsName = newValue }
    }
    /// Nothing at or below it may be written (readonlyPaths).
    var isSealed = false
    /// Whether a listing of its single place needs our hand, once known: it holds markers or placeholders.
    var needsListing: Bool? {
        didSet { if wasOpened, needsListing != false { mount.hasStaleListing = true } }
    }
    /// A process may hold the host's own folder open.
    var wasOpened = false
    /// The host's stat of what lies in a read-only layer, once asked for: nobody changes it.
    var layerStat: LayerStat?
    /// What a symbolic link says, once read.
    var linkTarget: [UInt8]?
    /// A marker in the writable folder says already that there are placeholders.
    var hasSpecialMarker = false
    /// A folder's places that are known to hold no whiteouts in it.
    var placesWithoutWhiteouts: UInt128 = 0
    /// Those whose listing was asked for whiteouts, and how often single ones were looked for before.
    var placesAskedForWhiteouts: UInt128 = 0
    var whiteoutLooks: UInt8 = 0
    /// Known to have been made where no layer has anything, so that its removal needs no whiteout.
    var coversNothing = false
    /// A folder that was made here, where nothing lay, so that it holds no other names than `children` says; until one is cut
    /// out of there.
    var knowsAllNames = false
    /// Under which its names are told to processes, and whether that still holds; see `SharedNames`.
    var sharedNumber: UInt32 = 0
    var sharedGeneration: UInt32 = 0
    /// When all of its names were told at once.
    var sharedListing: UInt32 = 0
    /// Processes are told size and times of it, a folder of the writable place.
    var isToldWithStat = false
    /// Looked up since the last sweep.
    var wasUsed = true

    enum Child {
        case present(Node)
        case absent

        /// A mount point that no folder of the host holds, or one on which something is mounted.
        var isMadeUp: Bool {
            if case .present(let node) = self { node.synthetic != nil || node.mounted != nil } else { false }
        }
    }

    init(parent: Node?, name: Name, mount: Mount, type: FileType, places: UInt128 = 0) {
        self.parent = parent
        self.name = name
        self.mount = mount
        self.type = type
        self.places = places
    }

    /// Lets go of the folders above one after the other: each would free the next from within, as deep as a tree is.
    deinit {
        guard var above = parent else { return }
        parent = nil
        while isKnownUniquelyReferenced(&above), let next = above.parent {
            above.parent = nil
            above = next
        }
    }

    /// The host's inode number, for who wants to know whether it is the same file again.
    package var number: UInt64 { hostID?.inode ?? 0 }

    /// The topmost place.
    @inline(__always)
    var place: Int { places.trailingZeroBitCount }

    package var isFolder: Bool { type == .folder }

    /// Whether it exists in more than one place, so that its content is a union.
    var isMerged: Bool { places & (places &- 1) != 0 }

    /// Whether `self` is `ancestor` or lies below it, mounts crossed.
    func isWithin(_ ancestor: Node) -> Bool {
        var node: Node? = self
        while let at = node {
            if at === ancestor { return true }
            node = at.parent ?? at.mount.point
        }
        return false
    }
}

/// A stat that is kept.
final class LayerStat {
    let host: ukf_stat

    init(_ host: ukf_stat) { self.host = host }
}
