import Archive
import EngineAPI
import Glibc
import Host
import SystemPackage

/// A place in a container's files: a tree of folders of the host, and a path in it.
struct ContainerPlace: Sendable {
    /// The folders over one another, uppermost first.
    var layers: [FilePath]
    /// The path in the tree, relative, symbolic links on the way followed.
    var path: FilePath
    /// Whether the tree is the container's own root, of which a running kernel keeps parts in mind.
    var isRoot: Bool
}

extension Container {
    /// Finds a path: in the root, or in what is mounted over it.
    ///
    /// - Parameter followLast: whether a symbolic link at the end is followed.
    func place(_ text: String, followLast: Bool) async throws -> ContainerPlace {
        let mounts: [ManagedMount]
        do { mounts = try await self.mounts() } catch { throw EngineError.from(error) }
        let root = RootView(mounts)
        let path = FilePath("/").pushing(FilePath(text.hasPrefix("/") ? String(text.drop { $0 == "/" }) : text))
            .lexicallyNormalized()
        let resolved = root.resolve(path.string, followLast: followLast) ?? path.string
        let parts = FilePath(resolved).components
        let best = record.mounts.filter {
            $0.point.type != "tmpfs" && FilePath(resolved).starts(with: FilePath($0.point.destination))
        }
        .max { $0.point.destination.utf8.count < $1.point.destination.utf8.count }
        if let best {
            let rest = Array(parts.dropFirst(FilePath(best.point.destination).components.count))
            return ContainerPlace(
                layers: [FilePath(best.point.source)], path: FilePath(root: nil, rest), isRoot: false)
        }
        return ContainerPlace(layers: root.layers, path: FilePath(root: nil, Array(parts)), isRoot: true)
    }

    /// Whether the kernel has the root in use.
    var isInUse: Bool { record.isRunning }
}

extension Engine {
    /// `HEAD /containers/{id}/archive`.
    public func pathStat(_ name: String, path: String) async throws -> PathStat {
        let container = try container(name)
        let place = try await container.place(path, followLast: false)
        return try await FileTree.blocking { try Engine.stat(place, path: path, container: name) }
    }

    private static func stat(_ place: ContainerPlace, path: String, container: String) throws -> PathStat {
        guard let entry = try MergedFolder(layers: place.layers).entry(at: place.path) else {
            throw EngineError(404, "Could not find the file \(path) in container \(container)")
        }
        var stat = PathStat()
        stat.name = FilePath(path).lastComponent?.string ?? "/"
        stat.size = entry.size
        stat.mode = goMode(entry)
        stat.mtime =
            Timestamp(
                seconds: entry.modified.seconds, nanoseconds: Int32(entry.modified.nanoseconds)
            ).description
        stat.linkTarget = entry.link?.string ?? ""
        return stat
    }

    /// Permissions and type in the bits of Go's `os.FileMode`.
    private static func goMode(_ entry: ArchiveEntry) -> UInt32 {
        var mode = entry.mode & 0o777
        if entry.mode & 0o4000 != 0 { mode |= 1 << 23 }
        if entry.mode & 0o2000 != 0 { mode |= 1 << 22 }
        if entry.mode & 0o1000 != 0 { mode |= 1 << 20 }
        switch entry.kind {
        case .folder: mode |= 1 << 31
        case .symbolicLink: mode |= 1 << 27
        case .characterDevice: mode |= 1 << 26 | 1 << 21
        case .blockDevice: mode |= 1 << 26
        case .fifo: mode |= 1 << 25
        default: break
        }
        return mode
    }

    /// `GET /containers/{id}/archive`: what the path names, as a tar whose names begin with its last component.
    public func archive(_ name: String, path: String) async throws -> (
        stat: PathStat, body: @Sendable (ByteChannel) async -> Void
    ) {
        let stat = try await pathStat(name, path: path)
        let place = try await container(name).place(path, followLast: false)
        let base = FilePath(stat.name == "/" ? "." : stat.name)
        return (
            stat,
            { channel in
                await Engine.pack(into: channel) { packer in
                    let tree = try MergedFolder(layers: place.layers)
                    if place.path.isEmpty {
                        try packer.write(tree: tree, at: base)
                    } else {
                        _ = try packer.write(place.path, of: tree, as: base)
                    }
                }
            }
        )
    }

    /// `GET /containers/{id}/export`: the whole root.
    public func export(_ name: String) async throws -> @Sendable (ByteChannel) async -> Void {
        let place = try await container(name).place("/", followLast: true)
        return { channel in
            await Engine.pack(into: channel) { try $0.write(tree: MergedFolder(layers: place.layers)) }
        }
    }

    private static func pack(
        into channel: ByteChannel, _ body: @escaping @Sendable (LayerPacker) throws -> Void
    ) async {
        do {
            try await FileTree.blocking {
                let writer = try ArchiveWriter { try channel.put(Array($0)) }
                try body(LayerPacker(writer))
                try writer.finish()
            }
            channel.end()
        } catch { channel.fail(error) }
    }

    /// `PUT /containers/{id}/archive`: unpacks a tar into a folder.
    public func unpack(_ archive: ByteChannel, into name: String, path: String) async throws {
        let container = try container(name)
        let place = try await container.place(path, followLast: true)
        if place.isRoot, await container.isInUse {
            throw EngineError(
                501,
                "copying into the root of a running container: not implemented: stop it first, or copy into a volume")
        }
        if await container.record.hostConfig.readonlyRootfs, place.isRoot {
            throw EngineError(403, "container rootfs is marked read-only")
        }
        try await FileTree.blocking {
            guard let entry = try MergedFolder(layers: place.layers).entry(at: place.path) else {
                throw EngineError(404, "Could not find the file \(path) in container \(name)")
            }
            guard entry.kind == .folder else { throw EngineError(400, "extraction point is not a directory") }
            do {
                let reader = try ArchiveReader { try archive.receive() }
                let unpacker = try LayerUnpacker(into: place.layers[0], below: Array(place.layers.dropFirst()))
                _ = try unpacker.unpack(reader, at: place.path)
            } catch let error as ArchiveError { throw EngineError(400, "\(error)") }
        }
    }
}
