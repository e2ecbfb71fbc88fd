// Unsafe pointers: file content and attributes.
import CArchive
import Glibc
import Host
import SystemPackage

/// Unpacks an OCI layer archive into a folder in the form in which layers are kept on disk, as an ordinary user.
///
/// Names are resolved one component at a time and never through the host's own following of links, so nothing outside the
/// folder is reached whatever the archive says. A parent that is a symbolic link, here or in the layers below, is followed within
/// the union, as it would be inside the container.
///
/// Not `Sendable`, and its calls block.
public final class LayerUnpacker {
    /// What a layer may cost at most.
    public struct Limits: Sendable {
        /// Entries in the archive.
        public var entries: Int
        /// Bytes of content in all files together.
        public var bytes: Int64
        /// Components in a name.
        public var depth: Int

        /// Bounds far beyond any image that is meant well.
        public init(entries: Int = 5_000_000, bytes: Int64 = 1 << 40, depth: Int = 512) {
            self.entries = entries
            self.bytes = bytes
            self.depth = depth
        }
    }

    let root: FolderHandle
    let below: MergedFolder?
    private let limits: Limits
    private var entries = 0
    private var bytes: Int64 = 0
    private var unpacked: Set<FilePath> = []
    /// Folders by their own paths on the host: what is put into them changes their times, so those come last.
    private var folderTimes: [(path: FilePath, time: ArchiveEntry.Time)] = []
    /// Whether a whiteout may lie in the way of a new name.
    private var mayHoldWhiteouts: Bool
    var trail = FolderTrail()

    /// - Parameters:
    ///   - folder: the layer's folder, which exists.
    ///   - below: the layers under it, the top one first; empty for a first layer, in which whiteouts are not kept.
    public init(into folder: FilePath, below: [FilePath] = [], limits: Limits = Limits()) throws {
        root = try FolderHandle(folder)
        self.below = below.isEmpty ? nil : try MergedFolder(layers: below)
        self.limits = limits
        mayHoldWhiteouts = try !root.names().isEmpty
    }

    /// Unpacks all of `reader`.
    ///
    /// - Parameter place: the folder that the archive's names are relative to; empty for the layer's root.
    /// - Returns: entries and bytes of content that were unpacked.
    /// - Throws: `ArchiveError`, `HostError`. What was unpacked until then stays; the caller throws the folder away.
    public func unpack(
        _ reader: ArchiveReader, at place: FilePath = FilePath()
    ) throws -> (entries: Int, bytes: Int64) {
        while var entry = try reader.next() {
            if !place.isEmpty {
                // Names that lead out are still seen as such: only what comes after the place could lead back in.
                _ = try confined(entry.path)
                entry.path = place.pushing(entry.path)
                if entry.kind == .hardLink { entry.link = entry.link.map { place.pushing($0) } }
            }
            entries += 1
            guard entries <= limits.entries else { throw ArchiveError.tooLarge("more than \(limits.entries) entries") }
            try unpack(entry, reader)
        }
        trail = FolderTrail()
        for (place, time) in folderTimes {
            var path = place
            guard path.removePrefix(root.path) else { continue }
            // A later entry may have taken the folder's place.
            guard let folder = try trail.folder(Array(path.components), from: root, otherwise: { _ in nil }) else {
                continue
            }
            var times = Self.times(time)
            _ = futimens(folder.descriptor, &times)
        }
        return (entries, bytes)
    }

    private func unpack(_ entry: ArchiveEntry, _ reader: ArchiveReader) throws {
        let components = try confined(entry.path)
        guard let name = components.last else {
            if entry.kind == .folder {
                try describe(root.descriptor, entry, at: root.path)
                folderTimes.append((root.path, entry.modified))
            }
            return
        }
        let path = FilePath(root: nil, components)
        let parent = try parent(of: components)
        if LayerNames.isReserved(name) { return try hide(name, in: parent, at: path.removingLastComponent()) }
        unpacked.insert(path)
        switch entry.kind {
        case .folder: try makeFolder(entry, name, in: parent, depth: components.count - 1)
        case .file: try makeFile(entry, name, in: parent, reader)
        case .hardLink: try makeHardLink(entry, name, in: parent)
        case .symbolicLink, .characterDevice, .blockDevice, .fifo: try makeSpecial(entry, name, in: parent)
        case .other: throw ArchiveError.unsupported("\(entry.path): a type that tar does not define")
        }
    }

    /// The components of an entry's name, after refusing names that lead out.
    private func confined(_ path: FilePath) throws -> [FilePath.Component] {
        guard path.isRelative else { throw ArchiveError.escapes("\(path): absolute name") }
        let components = Array(path.components).filter { $0.kind != .currentDirectory }
        guard !components.contains(where: { $0.kind == .parentDirectory }) else {
            throw ArchiveError.escapes("\(path): name with ..")
        }
        guard components.count <= limits.depth else {
            throw ArchiveError.tooLarge("name of more than \(limits.depth) components")
        }
        return components
    }

    // MARK: Whiteouts

    private func hide(_ name: FilePath.Component, in parent: FolderHandle, at path: FilePath) throws {
        if name == LayerNames.opaque {
            for child in try parent.names() where !unpacked.contains(path.appending(child)) {
                trail = FolderTrail()
                try parent.removeTree(child)
            }
            if below != nil { try mark(parent, LayerNames.opaque) }
            return
        }
        // Other markers are those of a storage driver; they are no part of the layer.
        guard let removed = LayerNames.removed(by: name) else { return }
        if unpacked.contains(path.appending(removed)) {
            // What the layer itself put there stays, but shows nothing of the layers below.
            if below != nil, let folder = try? parent.folder(removed) { try mark(folder, LayerNames.opaque) }
            return
        }
        trail = FolderTrail()
        try parent.removeTree(removed)
        if below != nil {
            try mark(parent, name)
            mayHoldWhiteouts = true
        }
    }

    /// Makes way for a new `name`.
    ///
    /// - Returns: whether a whiteout lay there.
    private func clear(_ name: FilePath.Component, in parent: FolderHandle) throws -> Bool {
        guard mayHoldWhiteouts, let whiteout = LayerNames.whiteout(of: name) else { return false }
        return parent.unlink(whiteout) == 0
    }

    func mark(_ folder: FolderHandle, _ name: FilePath.Component) throws {
        let file = folder.open(name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw HostError.last("create", folder.path.appending(name).string) }
        close(file)
    }

    // MARK: Files

    private func makeFolder(
        _ entry: ArchiveEntry, _ name: FilePath.Component, in parent: FolderHandle, depth: Int
    ) throws {
        let hidden = try clear(name, in: parent)
        let folder = try create(folder: name, in: parent, hidden: hidden)
        try describe(folder.descriptor, entry, at: folder.path)
        folderTimes.append((folder.path, entry.modified))
        trail.enter(name, folder, depth: depth)
    }

    func create(folder name: FilePath.Component, in parent: FolderHandle, hidden: Bool) throws -> FolderHandle {
        if name.withPlatformString({ mkdirat(parent.descriptor, $0, 0o700) }) != 0 {
            guard errno == EEXIST else { throw HostError.last("create folder", parent.path.appending(name).string) }
            if let status = try parent.status(name), status.st_mode & S_IFMT == S_IFDIR {
                guard let folder = try parent.folder(name) else { throw HostError.last("open", name.string) }
                return folder
            }
            trail = FolderTrail()
            try parent.removeTree(name)
            guard name.withPlatformString({ mkdirat(parent.descriptor, $0, 0o700) }) == 0 else {
                throw HostError.last("create folder", parent.path.appending(name).string)
            }
        }
        guard let folder = try parent.folder(name) else { throw HostError.last("open", name.string) }
        if hidden, below != nil { try mark(folder, LayerNames.opaque) }
        return folder
    }

    private func makeFile(
        _ entry: ArchiveEntry, _ name: FilePath.Component, in parent: FolderHandle, _ reader: ArchiveReader
    ) throws {
        guard entry.size >= 0, entry.size <= limits.bytes - bytes else {
            throw ArchiveError.tooLarge("more than \(limits.bytes) bytes of content")
        }
        bytes += entry.size
        _ = try clear(name, in: parent)
        let file = try create(file: name, in: parent)
        defer { close(file) }
        let path = parent.path.appending(name)
        var end: Int64 = 0
        try reader.forEachBlock { offset, block in
            var block = block
            var offset = offset
            while block.count > 0 {
                let count = pwrite(file, block.baseAddress, block.count, off_t(offset))
                guard count > 0 else {
                    if count < 0, errno == EINTR { continue }
                    throw HostError.last("write", path.string)
                }
                block = UnsafeRawBufferPointer(rebasing: block[count...])
                offset += Int64(count)
            }
            end = max(end, offset)
        }
        // A file that ends in a hole.
        if end < entry.size, ftruncate(file, off_t(entry.size)) != 0 { throw HostError.last("extend", path.string) }
        try describe(file, entry, at: path, isNew: true)
        var times = Self.times(entry.modified)
        _ = futimens(file, &times)
    }

    func create(file name: FilePath.Component, in parent: FolderHandle) throws -> CInt {
        var file = parent.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        if file < 0, errno == EEXIST {
            trail = FolderTrail()
            try parent.removeTree(name)
            file = parent.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        }
        guard file >= 0 else { throw HostError.last("create", parent.path.appending(name).string) }
        return file
    }

    /// Makes a link, fifo or device: as such where the host can keep its owner and mode, else as a placeholder.
    private func makeSpecial(_ entry: ArchiveEntry, _ name: FilePath.Component, in parent: FolderHandle) throws {
        _ = try clear(name, in: parent)
        let isRoots = entry.userID == 0 && entry.groupID == 0
        let target = entry.link ?? FilePath()
        if isRoots, entry.kind == .symbolicLink, !target.isEmpty {
            try retrying(name, in: parent) {
                target.withPlatformString { target in
                    name.withPlatformString { symlinkat(target, parent.descriptor, $0) }
                }
            }
            var times = Self.times(entry.modified)
            _ = name.withPlatformString { utimensat(parent.descriptor, $0, &times, AT_SYMLINK_NOFOLLOW) }
            return
        }
        let file = try create(file: name, in: parent)
        defer { close(file) }
        if entry.kind == .symbolicLink {
            _ = try target.withPlatformString { text in
                try FileDescriptor(rawValue: file).writeAll(UnsafeRawBufferPointer(start: text, count: strlen(text)))
            }
        }
        try mark(parent, LayerNames.placeholders)
        try describe(file, entry, at: parent.path.appending(name), always: true)
        var times = Self.times(entry.modified)
        _ = futimens(file, &times)
    }

    private func makeHardLink(_ entry: ArchiveEntry, _ name: FilePath.Component, in parent: FolderHandle) throws {
        // Tar's hard links name entries of the archive: a leading slash means its root.
        let target = FilePath(root: nil, (entry.link ?? FilePath()).components)
        let components = try confined(target)
        guard let targetName = components.last, !LayerNames.isReserved(targetName) else {
            throw ArchiveError.malformed("\(entry.path): hard link to \(target)")
        }
        let targetFolder = try self.parent(of: components)
        if targetFolder.descriptor == parent.descriptor, targetName == name { return }
        if try targetFolder.status(targetName) == nil {
            guard let lower = try below?.lookUp(components), lower.folder == nil else {
                throw ArchiveError.malformed("\(entry.path): hard link to \(target), which is not there")
            }
            try copyUp(lower.file, name: targetName, in: targetFolder)
        }
        _ = try clear(name, in: parent)
        try retrying(name, in: parent) {
            targetName.withPlatformString { old in
                name.withPlatformString { linkat(targetFolder.descriptor, old, parent.descriptor, $0, 0) }
            }
        }
        if targetFolder.has(LayerNames.placeholders) { try mark(parent, LayerNames.placeholders) }
    }

    /// Does `make`, and once more without what is in its way when that is so.
    private func retrying(_ name: FilePath.Component, in parent: FolderHandle, _ make: () -> CInt) throws {
        if make() == 0 { return }
        if errno == EEXIST {
            trail = FolderTrail()
            try parent.removeTree(name)
            if make() == 0 { return }
        }
        throw HostError.last("create", parent.path.appending(name).string)
    }

    // MARK: Metadata

    /// Records owner, mode and attributes of `entry` on the open file.
    private func describe(
        _ file: CInt, _ entry: ArchiveEntry, at path: FilePath, always: Bool = false, isNew: Bool = false
    ) throws {
        try Self.describe(file, LayerStat(entry), entry.attributes, at: path, always: always, isNew: isNew)
    }

    /// - Parameters:
    ///   - always: whether the file gets its note in any case.
    ///   - isNew: whether it cannot have one yet.
    static func describe(
        _ file: CInt, _ stat: LayerStat, _ attributes: [String: [UInt8]], at path: FilePath, always: Bool = false,
        isNew: Bool = false
    ) throws {
        for (name, value) in attributes {
            // An archive does not get to write the attributes that say what its files are.
            if name.hasPrefix("user.ukontainer.") || name.hasPrefix("user.overlay.")
                || name.hasPrefix("trusted.overlay.")
            {
                continue
            }
            let kept = name.hasPrefix("user.") ? name : LayerStat.hiddenPrefix + name
            try FolderHandle.setAttribute(kept, value, of: file, path: path)
        }
        guard fchmod(file, stat.hostMode) == 0 else { throw HostError.last("change mode of", path.string) }
        if always || stat.userID != 0 || stat.groupID != 0 || stat.mode != stat.hostMode {
            try FolderHandle.setAttribute(LayerStat.attribute, Array(stat.text.utf8), of: file, path: path)
        } else if !isNew {
            fremovexattr(file, LayerStat.attribute)
        }
    }

    static func times(_ modified: ArchiveEntry.Time) -> [timespec] {
        let time = timespec(tv_sec: Int(modified.seconds), tv_nsec: modified.nanoseconds)
        return [time, time]
    }
}
