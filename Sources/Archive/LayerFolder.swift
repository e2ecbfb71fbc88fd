// Unsafe pointers: stat and extended attributes.
import CArchive
import Glibc
import Host
import SystemPackage

/// What is done with a layer's folder as a whole.
public enum LayerFolder {
    /// Gives the folder `to` owner, mode and attributes that `from` has inside the container.
    public static func copyMetadata(from: FilePath, to: FilePath) throws {
        let (source, copy) = (try FolderHandle(from), try FolderHandle(to))
        let file = try LayerFile(root: source)
        try LayerUnpacker.describe(copy.descriptor, file.stat, file.attributes, at: to)
    }

    /// Bytes that `folder` takes on disk, and its inodes; a hard-linked file counts once.
    public static func usage(of folder: FilePath) throws -> (size: Int64, inodes: Int64) {
        var seen: Set<[UInt64]> = []
        var (size, inodes) = (Int64(0), Int64(0))
        func add(_ status: stat) {
            if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR {
                guard seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted else { return }
            }
            size += Int64(status.st_blocks) * 512
            inodes += 1
        }
        func walk(_ handle: FolderHandle) throws {
            for name in try handle.names() {
                guard let status = try handle.status(name) else { continue }
                add(status)
                // A folder that goes away meanwhile is no longer counted.
                if status.st_mode & S_IFMT == S_IFDIR, let inner = try? handle.folder(name) { try walk(inner) }
            }
        }
        let root = try FolderHandle(folder)
        var status = stat()
        if fstat(root.descriptor, &status) == 0 { add(status) }
        try walk(root)
        return (size, inodes)
    }

    /// Removes `path` and everything below it, also folders that cannot be read; nothing there is no error.
    public static func remove(_ path: FilePath) throws {
        guard let name = path.lastComponent else { return }
        do {
            try FolderHandle(path.removingLastComponent()).removeTree(name)
        } catch let error as HostError where error.errno == .noSuchFileOrDirectory {
            return
        }
    }

    /// Writes everything below `path` to disk (syncfs(2) is for whole file systems: this is it).
    public static func sync(_ path: FilePath) throws {
        let folder = try FolderHandle(path)
        guard syncfs(folder.descriptor) == 0 else { throw HostError.last("sync", path.string) }
    }
}
