import Glibc
import Host
import SystemPackage

/// A folder as the union of layers shows it: the top layer first, whiteouts and opaque folders honoured.
///
/// Not `Sendable`, and its calls block.
public final class MergedFolder {
    private let folders: [FolderHandle]

    /// The root of the union of `layers`, the top one first. A layer that does not exist counts as empty.
    public convenience init(layers: [FilePath]) throws {
        try self.init(
            folders: layers.compactMap { layer in
                do {
                    return try FolderHandle(layer)
                } catch let error as HostError where error.errno == .noSuchFileOrDirectory {
                    return nil
                }
            })
    }

    private init(folders: [FolderHandle]) {
        self.folders = folders
    }

    /// A file of the union, with the folder it is when it is one.
    struct Child {
        var file: LayerFile
        var folder: MergedFolder?
    }

    /// The union's own root; nil when no layer has one.
    func root() throws -> LayerFile? { try folders.first.map { try LayerFile(root: $0) } }

    /// What `name` is in the union; nil when there is nothing.
    func child(_ name: FilePath.Component) throws -> Child? {
        guard !LayerNames.isReserved(name), let whiteout = LayerNames.whiteout(of: name) else { return nil }
        var top: LayerFile?
        var merged: [FolderHandle] = []
        for folder in folders {
            if let status = try folder.status(name) {
                if top == nil {
                    let file = try LayerFile(name, in: folder, host: status)
                    if file.isOverlayWhiteout { return nil }
                    guard file.stat.kind == .folder else { return Child(file: file) }
                    top = file
                }
                guard status.st_mode & S_IFMT == S_IFDIR, let inner = try folder.folder(name) else { break }
                merged.append(inner)
                if Self.isOpaque(inner) { break }
            }
            if folder.has(whiteout) || Self.isOpaque(folder) { break }
        }
        return top.map { Child(file: $0, folder: MergedFolder(folders: merged)) }
    }

    /// What is at `path` below this folder; no symbolic link is followed.
    func lookUp(_ path: some Collection<FilePath.Component>) throws -> Child? {
        var current: MergedFolder = self
        for (index, name) in path.enumerated() {
            guard let child = try current.child(name) else { return nil }
            if index == path.count - 1 { return child }
            guard let folder = child.folder else { return nil }
            current = folder
        }
        return nil
    }

    /// What is at `path` below this folder, as an archive would describe it; nil when there is nothing. No symbolic link is
    /// followed.
    public func entry(at path: FilePath) throws -> ArchiveEntry? {
        if path.components.isEmpty { return try root()?.entry(path: path) }
        return try lookUp(path.components)?.file.entry(path: path)
    }

    /// Names of everything in the union, sorted by their bytes.
    func names() throws -> [FilePath.Component] {
        var seen: Set<FilePath.Component> = []
        var hidden: Set<FilePath.Component> = []
        for folder in folders {
            var whiteouts: [FilePath.Component] = []
            for name in try folder.names() {
                if LayerNames.isReserved(name) {
                    if let removed = LayerNames.removed(by: name) { whiteouts.append(removed) }
                } else if !hidden.contains(name) {
                    seen.insert(name)
                }
            }
            hidden.formUnion(whiteouts)
            if Self.isOpaque(folder) { break }
        }
        return seen.sorted { $0.string.utf8.lexicographicallyPrecedes($1.string.utf8) }
    }

    static func isOpaque(_ folder: FolderHandle) -> Bool {
        folder.has(LayerNames.opaque)
            || ["user.overlay.opaque", "trusted.overlay.opaque"].contains {
                FolderHandle.attribute($0, of: folder.descriptor) == [UInt8(ascii: "y")]
            }
    }
}
