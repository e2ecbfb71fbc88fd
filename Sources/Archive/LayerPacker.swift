import Glibc
import Host
import SystemPackage

/// Writes layers as OCI layer archives: whiteouts in OCI's form, owners and modes as the container sees them.
///
/// Not `Sendable`, and its calls block.
public final class LayerPacker {
    private struct Inode: Hashable {
        var device: UInt64
        var number: UInt64
    }

    private let writer: ArchiveWriter
    private let latest: ArchiveEntry.Time?
    private var links: [Inode: FilePath] = [:]

    /// A packer that adds its entries to `writer`; `ArchiveWriter.finish` remains the caller's.
    ///
    /// - Parameter latest: what was changed later is written as changed then, so that a layer made anew is the same.
    public init(_ writer: ArchiveWriter, latest: ArchiveEntry.Time? = nil) {
        self.writer = writer
        self.latest = latest
    }

    /// Writes the one layer at `layer`: what it adds and changes, and whiteouts for what it removes.
    public func write(layer: FilePath) throws {
        try write(layer: FolderHandle(layer), at: FilePath())
    }

    /// Writes everything in `tree`, the root itself left out.
    ///
    /// - Parameter path: the name that the entries' names begin with; empty for the archive's root.
    public func write(tree: MergedFolder, at path: FilePath = FilePath()) throws {
        for name in try tree.names() {
            guard let child = try tree.child(name) else { continue }
            try write(child, at: path.appending(name))
        }
    }

    /// Writes what is at `place` of `tree`, with all below it, under the name `name`. No symbolic link is followed.
    ///
    /// - Returns: false when there is nothing.
    public func write(_ place: FilePath, of tree: MergedFolder, as name: FilePath) throws -> Bool {
        guard let child = try tree.lookUp(place.components) else { return false }
        try write(child, at: name)
        return true
    }

    /// Writes what makes `right` out of `left`.
    public func write(from left: MergedFolder, to right: MergedFolder) throws {
        _ = try compare(left, right, at: FilePath(), parents: [])
    }

    private func write(layer folder: FolderHandle, at path: FilePath) throws {
        if MergedFolder.isOpaque(folder), !path.isEmpty { try whiteout(path.appending(LayerNames.opaque)) }
        for name in try folder.names() {
            if LayerNames.isReserved(name) {
                if LayerNames.removed(by: name) != nil { try whiteout(path.appending(name)) }
                continue
            }
            guard let file = try LayerFile(name, in: folder) else { continue }
            if file.isOverlayWhiteout {
                if let name = LayerNames.whiteout(of: name) { try whiteout(path.appending(name)) }
                continue
            }
            try write(file, at: path.appending(name))
            if file.stat.kind == .folder, let inner = try folder.folder(name) {
                try write(layer: inner, at: path.appending(name))
            }
        }
    }

    private func write(_ child: MergedFolder.Child, at path: FilePath) throws {
        try write(child.file, at: path)
        if let folder = child.folder { try write(tree: folder, at: path) }
    }

    /// Writes the differences below one folder; `parents` are folders above that were not written yet.
    ///
    /// - Returns: whether anything was written.
    private func compare(
        _ left: MergedFolder, _ right: MergedFolder, at path: FilePath, parents: [(LayerFile, FilePath)]
    ) throws -> Bool {
        var parents = parents
        var wrote = false
        func begin() throws {
            for (file, path) in parents { try write(file, at: path) }
            parents = []
            wrote = true
        }
        let (old, new) = (try left.names(), try right.names())
        let remaining = Set(new)
        for name in old where !remaining.contains(name) {
            guard let whiteoutName = LayerNames.whiteout(of: name) else { continue }
            try begin()
            try whiteout(path.appending(whiteoutName))
        }
        for name in new {
            guard let child = try right.child(name) else { continue }
            let inner = path.appending(name)
            guard let before = try left.child(name) else {
                try begin()
                try write(child, at: inner)
                continue
            }
            guard let folder = child.folder, let folderBefore = before.folder else {
                if try !isSame(before.file, child.file) {
                    try begin()
                    try write(child, at: inner)
                }
                continue
            }
            let changed = before.file.stat != child.file.stat || before.file.attributes != child.file.attributes
            if changed {
                try begin()
                try write(child.file, at: inner)
            }
            if try compare(folderBefore, folder, at: inner, parents: changed ? [] : parents + [(child.file, inner)]) {
                parents = []
                wrote = true
            }
        }
        return wrote
    }

    private func isSame(_ left: LayerFile, _ right: LayerFile) throws -> Bool {
        if left.host.st_dev == right.host.st_dev, left.host.st_ino == right.host.st_ino { return true }
        guard left.stat == right.stat, left.attributes == right.attributes else { return false }
        switch right.stat.kind {
        case .file: return left.host.st_size == right.host.st_size && left.modified == right.modified
        case .symbolicLink: return try left.target() == right.target()
        default: return true
        }
    }

    private func whiteout(_ path: FilePath) throws {
        try writer.write(ArchiveEntry(path: path, kind: .file, mode: 0o600, size: 0))
    }

    private func write(_ file: LayerFile, at path: FilePath) throws {
        // Sockets belong to the process that made them; tar has no form for them.
        if file.stat.kind == .other { return }
        var entry = try file.entry(path: path)
        if let latest { entry.modified = min(entry.modified, latest) }
        if file.stat.kind != .folder, file.host.st_nlink > 1 {
            let inode = Inode(device: UInt64(file.host.st_dev), number: UInt64(file.host.st_ino))
            if let first = links[inode] {
                entry.kind = .hardLink
                entry.link = first
                entry.size = 0
                entry.attributes = [:]
                return try writer.write(entry)
            }
            links[inode] = path
        }
        guard entry.kind == .file else { return try writer.write(entry) }
        let descriptor = file.folder.open(file.name, O_RDONLY | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw HostError.last("open", file.folder.path.appending(file.name).string)
        }
        defer { close(descriptor) }
        try writer.write(entry, from: FileDescriptor(rawValue: descriptor))
    }
}
