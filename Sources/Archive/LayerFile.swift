// Unsafe pointers: extended attributes and file content.
import Glibc
import Host
import SystemPackage

/// One file of a layer as the container sees it, and where it lies on the host.
struct LayerFile {
    let folder: FolderHandle
    let name: FilePath.Component
    /// What the host says of it.
    let host: stat
    /// What the container sees.
    var stat: LayerStat
    /// Its extended attributes, by the names that the container sees.
    var attributes: [String: [UInt8]] = [:]

    /// Looks `name` up in `folder`; nil when there is nothing.
    init?(_ name: FilePath.Component, in folder: FolderHandle) throws {
        guard let status = try folder.status(name) else { return nil }
        try self.init(name, in: folder, host: status)
    }

    init(_ name: FilePath.Component, in folder: FolderHandle, host status: stat) throws {
        self.folder = folder
        self.name = name
        host = status
        stat = LayerStat(host: status)
        guard stat.kind == .file || stat.kind == .folder else { return }
        let file = folder.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw HostError.last("open", folder.path.appending(name).string) }
        defer { close(file) }
        try read(FolderHandle.attributes(file))
    }

    /// The folder itself that `folder` is open on.
    init(root folder: FolderHandle) throws {
        self.folder = folder
        name = "root"
        var status = Glibc.stat()
        guard fstat(folder.descriptor, &status) == 0 else { throw HostError.last("stat", folder.path.string) }
        host = status
        stat = LayerStat(host: status)
        try read(FolderHandle.attributes(folder.descriptor))
    }

    private mutating func read(_ all: [String: [UInt8]]) {
        for (name, value) in all {
            if name == LayerStat.attribute {
                if let recorded = LayerStat(text: String(decoding: value, as: UTF8.self)) { stat = recorded }
            } else if name.hasPrefix(LayerStat.hiddenPrefix) {
                attributes[String(name.dropFirst(LayerStat.hiddenPrefix.count))] = value
            } else if name.hasPrefix("user."), !name.hasPrefix("user.ukontainer."), !name.hasPrefix("user.overlay.") {
                attributes[name] = value
            }
        }
    }

    var modified: ArchiveEntry.Time {
        ArchiveEntry.Time(seconds: Int64(host.st_mtim.tv_sec), nanoseconds: host.st_mtim.tv_nsec)
    }

    /// Whether this is overlay's own form of a whiteout.
    var isOverlayWhiteout: Bool {
        stat.kind == .characterDevice && stat.deviceMajor == 0 && stat.deviceMinor == 0
    }

    /// The target of a symbolic link, be it a link or a placeholder.
    func target() throws -> FilePath {
        if host.st_mode & S_IFMT == S_IFLNK { return try folder.target(name) }
        let content = try content(limit: 4096)
        return (content.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer {
            FilePath(platformString: $0.baseAddress!)
        }
    }

    private func content(limit: Int) throws -> [UInt8] {
        let file = folder.open(name, O_RDONLY | O_NOFOLLOW)
        guard file >= 0 else { throw HostError.last("open", folder.path.appending(name).string) }
        defer { close(file) }
        return try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = try FileDescriptor(rawValue: file).read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// The tar entry that describes this file under `path`.
    func entry(path: FilePath) throws -> ArchiveEntry {
        var entry = ArchiveEntry(
            path: path, kind: stat.kind, mode: stat.kind == .symbolicLink ? 0o777 : stat.mode, userID: stat.userID,
            groupID: stat.groupID, size: stat.kind == .file ? Int64(host.st_size) : 0, modified: modified)
        if stat.kind == .symbolicLink { entry.link = try target() }
        entry.device = (stat.deviceMajor, stat.deviceMinor)
        entry.attributes = attributes
        return entry
    }
}
