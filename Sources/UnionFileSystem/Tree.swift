// Builds C paths in buffers of its own: unsafe pointers are at home here.
import CFiles
import Glibc
import SystemPackage

/// The host's folders behind one mount: places that lie over one another, of which only the first may be writable.
///
/// Every access goes relative to a place's descriptor. In trees that only we change, a folder that was once seen to be a folder
/// stays one, so paths can be handed to the host whole; in `isVolatile` trees the host resolves the parent with
/// RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS each time.
final class Tree {
    /// One folder of the host.
    struct Place {
        let descriptor: CInt
        /// Its absolute path on the host, to map what /proc/PID/fd shows back.
        let path: [UInt8]
        /// For a mounted file: its name in the folder.
        let fileName: Name?

        /// Whether a path of the host lies in this place; it may end in " (deleted)", as /proc says it of removed files.
        func holds(_ target: some Collection<UInt8>) -> Bool {
            guard target.starts(with: path) else { return false }
            let rest = target.dropFirst(path.count == 1 ? 0 : path.count)
            guard let fileName else { return rest.isEmpty || rest.first == UInt8(ascii: "/") }
            let name = fileName.bytes
            return rest.first == UInt8(ascii: "/") && rest.dropFirst().starts(with: name)
                && (rest.count == name.count + 1 || rest.dropFirst(name.count + 1).elementsEqual(" (deleted)".utf8))
        }
    }

    private(set) var places: [Place]
    /// Whether the first place takes writes.
    let isWritable: Bool
    /// Others change these files too: nothing is remembered about them.
    let isVolatile: Bool
    /// Where files are made before they get their name: a folder on the first place's file system.
    private(set) var work: CInt = -1
    private var workCount = 0
    /// The host has no user xattrs here: notes live in memory only, and are gone with the container.
    private(set) var lacksNotes = false
    var memoryNotes: [HostID: [UInt8]] = [:]
    let user = UInt32(geteuid())

    private var buffers: [UnsafeMutablePointer<CChar>] = []
    private var buffersInUse = 0
    var keptFolders = KeptFolders()
    private static let bufferSize = 3 * 4096

    init(places: [Place], isWritable: Bool, isVolatile: Bool) {
        self.places = places
        self.isWritable = isWritable
        self.isVolatile = isVolatile
    }

    /// Opens a place.
    /// - Throws: why the folder cannot be opened.
    static func openPlace(_ path: String) throws(Errno) -> Place {
        guard let resolved = realpath(path, nil) else { throw Errno(rawValue: errno) }
        defer { free(resolved) }
        var bytes = [UInt8](UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
        var stat = ukf_stat()
        try check(ukf_stat(AT_FDCWD, resolved, AT_SYMLINK_NOFOLLOW, &stat))
        var fileName: Name?
        if FileType(mode: stat.mode) != .folder {
            let slash = bytes.lastIndex(of: UInt8(ascii: "/"))!
            fileName = Name(Array(bytes[(slash + 1)...]))
            bytes.removeSubrange(max(slash, 1)...)
        }
        let descriptor = try check(
            (bytes + [0]).withUnsafeBufferPointer {
                ukf_open(
                    AT_FDCWD, UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self),
                    oPath | O_DIRECTORY, 0)
            })
        return Place(descriptor: descriptor, path: bytes, fileName: fileName)
    }

    func setWork(_ descriptor: CInt) { work = descriptor }

    /// Adds the one place of a tree that began without.
    func add(_ place: Place) { places.append(place) }

    /// A name in `work` that nobody has.
    func nextWorkName() -> Name {
        workCount += 1
        return Name("w\(workCount)")
    }

    var allPlaces: UInt128 { places.count >= 128 ? ~0 : (1 << UInt128(places.count)) - 1 }

    // MARK: Paths

    /// Runs `body` with a folder's descriptor and the path below it that leads to `node` (or to `name` in it) in a place.
    func at<R>(
        _ node: Node, _ name: Name? = nil, place: Int, _ body: (CInt, UnsafePointer<CChar>) throws(Errno) -> R
    ) throws(Errno) -> R {
        if buffersInUse == buffers.count { buffers.append(.allocate(capacity: Tree.bufferSize)) }
        let buffer = buffers[buffersInUse]
        buffersInUse += 1
        defer { buffersInUse -= 1 }

        var start = Tree.bufferSize - 1
        buffer[start] = 0
        var at: Node = node
        if let name {
            start -= name.count
            name.copy(to: buffer + start)
        } else if let parent = at.parent {
            start -= at.name.count
            at.name.copy(to: buffer + start)
            at = parent
        }
        if !isVolatile, at.parent != nil, let folder = keptFolder(at, place: place) {
            return try body(folder, buffer + start)
        }
        while let parent = at.parent {
            if start < Tree.bufferSize - 1 {
                start -= 1
                buffer[start] = CChar(UInt8(ascii: "/"))
            }
            let count = at.name.count
            guard start > count + 1 else { throw .fileNameTooLong }
            start -= count
            at.name.copy(to: buffer + start)
            at = parent
        }
        if start == Tree.bufferSize - 1 {
            if let fileName = places[place].fileName {
                start -= fileName.count
                fileName.copy(to: buffer + start)
            } else {
                start -= 1
                buffer[start] = CChar(UInt8(ascii: "."))
            }
        }
        let path = UnsafeMutablePointer(buffer + start)
        if !isVolatile && Tree.bufferSize - start < 4096 { return try body(places[place].descriptor, path) }
        return try throughParent(places[place].descriptor, path, body)
    }

    /// The descriptor of a folder that names were looked for in just now: the host then has one name to look up, and no
    /// path. Nil for one that was asked for the first time.
    private func keptFolder(_ node: Node, place: Int) -> CInt? {
        let key = KeptFolders.Key(node: ObjectIdentifier(node), place: place)
        if let known = keptFolders.descriptor(key) { return known }
        // Who is called from another one's `body` must not close that one's descriptor.
        guard buffersInUse == 1, keptFolders.isWorthKeeping(key), !node.isRemoved else { return nil }
        let opened = try? at(node, place: place) { descriptor, path in
            ukf_open(descriptor, path, oPath | O_DIRECTORY | O_NOFOLLOW, 0)
        }
        guard let opened, opened >= 0 else { return nil }
        keptFolders.keep(opened, key, node)
        return opened
    }

    private func throughParent<R>(
        _ folder: CInt, _ path: UnsafeMutablePointer<CChar>, _ body: (CInt, UnsafePointer<CChar>) throws(Errno) -> R
    ) throws(Errno) -> R {
        guard let slash = strrchr(path, CInt(UInt8(ascii: "/"))) else { return try body(folder, path) }
        slash.pointee = 0
        var parent = folder
        var rest = path
        // The host takes no path of 4096 bytes or more at once.
        while strlen(rest) >= 4000 {
            var cut = rest + 3999
            while cut > rest, cut.pointee != CChar(UInt8(ascii: "/")) { cut -= 1 }
            cut.pointee = 0
            let next = ukf_open_beneath(parent, rest, oPath | O_DIRECTORY, 0)
            if parent != folder { close(parent) }
            parent = try check(next)
            rest = cut + 1
        }
        let opened = ukf_open_beneath(parent, rest, oPath | O_DIRECTORY, 0)
        if parent != folder { close(parent) }
        guard opened >= 0 else { throw opened == -ELOOP ? .noSuchFileOrDirectory : Errno(rawValue: -opened) }
        defer { close(opened) }
        return try body(opened, slash + 1)
    }

    // MARK: Notes

    /// What the note of a file says over what the host says.
    func attributes(_ descriptor: CInt, _ path: UnsafePointer<CChar>, host: ukf_stat) -> Attributes {
        var attributes = Attributes(host: host, user: user)
        // User xattrs are for files and folders only (xattr(7)); a socket's or fifo's owner is kept in memory.
        if lacksNotes || (attributes.type != .file && attributes.type != .folder) {
            if !memoryNotes.isEmpty, let note = memoryNotes[HostID(host)] { attributes.apply(note: note) }
            return attributes
        }
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            let count = ukf_getxattr(descriptor, path, Tree.noteName, buffer.baseAddress!, buffer.count)
            if count > 0 { attributes.apply(note: buffer[0..<count]) }
        }
        return attributes
    }

    /// Keeps owner, mode and type beside a file whose host mode has been set to `hostMode(for:)`; `origin` is the inode number
    /// to be shown.
    func writeNote(
        _ attributes: Attributes, origin: UInt64?, _ descriptor: CInt, _ path: UnsafePointer<CChar>, host: ukf_stat,
        isNew: Bool = false
    ) throws(Errno) {
        let host = HostOwnership.isOurs ? HostOwnership.settle(attributes, descriptor, path, host: host) : host
        let plain = Attributes(host: host, user: user)
        let isDefault =
            origin == nil && plain.type == attributes.type && plain.uid == attributes.uid && plain.gid == attributes.gid
            && (plain.mode == attributes.mode || plain.type == .link)
            // The host takes set-id bits away when a process of no rank writes; the container's root may be of higher rank.
            && (attributes.type != .file || attributes.mode & 0o6000 == 0)
        let hostType = FileType(mode: host.mode)
        if lacksNotes || (hostType != .file && hostType != .folder) {
            memoryNotes[HostID(host)] = isDefault ? nil : attributes.note(origin: origin)
            return
        }
        if isDefault {
            if isNew { return }
            let removed = ukf_removexattr(descriptor, path, Tree.noteName)
            guard removed < 0, removed != -ENODATA, removed != -EOPNOTSUPP else { return }
            throw Errno(rawValue: -removed)
        }
        let note = attributes.note(origin: origin)
        let written = ukf_setxattr(descriptor, path, Tree.noteName, note, note.count, 0)
        if written == -EOPNOTSUPP {
            lacksNotes = true
            memoryNotes[HostID(host)] = note
            return
        }
        try check(written)
    }

    static let noteName = "user.ukontainer.stat"
    /// Before the name of an xattr that only a privileged user may set on the host.
    static let xattrPrefix = "user.ukontainer.xattr."

    /// The mode that a file has on the host for its mode in the container: we can always open it, and it is never set-id.
    static func hostMode(for mode: UInt32, type: FileType) -> UInt32 {
        type == .folder ? (mode & 0o777) | 0o700 : (mode & 0o777) | 0o600
    }
}

/// The descriptor or other result, unless it is negative: then that errno is thrown.
@discardableResult
@inline(__always)
func check<T: FixedWidthInteger & SignedInteger>(_ result: T) throws(Errno) -> T {
    guard result >= 0 else { throw Errno(rawValue: CInt(truncatingIfNeeded: -result)) }
    return result
}

/// O_PATH, which glibc hides from Swift.
let oPath: CInt = ukf_o_path
/// O_TMPFILE's own bit, without O_DIRECTORY.
let oTemporary: CInt = ukf_o_tmpfile
/// AT_EMPTY_PATH.
let atEmptyPath: CInt = 0x1000
