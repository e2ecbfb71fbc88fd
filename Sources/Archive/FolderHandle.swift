// Unsafe pointers: directory streams and extended attributes.
import CArchive
import Glibc
import Host
import SystemPackage

/// An open folder of a layer. Every operation names one component in it, and none follows a symbolic link.
final class FolderHandle {
    let descriptor: CInt
    let path: FilePath

    init(descriptor: CInt, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens the folder at `path`, whose own name may be a link: it is the caller's.
    convenience init(_ path: FilePath) throws {
        let descriptor = Glibc.open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError.last("open folder", path.string) }
        self.init(descriptor: descriptor, path: path)
    }

    deinit {
        close(descriptor)
    }

    /// Opens the folder `name` in this one; nil when there is none of that name.
    ///
    /// - Throws: `HostError` with `notDirectory` when it is something else.
    func folder(_ name: FilePath.Component) throws -> FolderHandle? {
        let child = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if child >= 0 { return FolderHandle(descriptor: child, path: path.appending(name)) }
        switch errno {
        case ENOENT: return nil
        // O_DIRECTORY with O_NOFOLLOW on a link gives ENOTDIR as well.
        default: throw HostError.last("open folder", path.appending(name).string)
        }
    }

    /// Opens the folder `name` in this one; nil when that is no folder, or cannot be opened.
    func plainFolder(_ name: FilePath.Component) -> FolderHandle? {
        let child = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        return child < 0 ? nil : FolderHandle(descriptor: child, path: path.appending(name))
    }

    /// openat(2) with close-on-exec; a descriptor, or -1 with errno.
    func open(_ name: FilePath.Component, _ flags: CInt, _ mode: mode_t = 0) -> CInt {
        name.withPlatformString { openat(descriptor, $0, flags | O_CLOEXEC, mode) }
    }

    /// unlinkat(2); 0, or -1 with errno.
    func unlink(_ name: FilePath.Component, _ flags: CInt = 0) -> CInt {
        name.withPlatformString { unlinkat(descriptor, $0, flags) }
    }

    /// Whether there is something called `name`.
    func has(_ name: FilePath.Component) -> Bool {
        name.withPlatformString { faccessat(descriptor, $0, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }
    }

    /// What `name` is; nil when there is nothing.
    func status(_ name: FilePath.Component) throws -> stat? {
        var status = stat()
        let result = name.withPlatformString { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
        if result == 0 { return status }
        guard errno == ENOENT else { throw HostError.last("stat", path.appending(name).string) }
        return nil
    }

    /// The target of the symbolic link `name`.
    func target(_ name: FilePath.Component) throws -> FilePath {
        var target = [CChar](repeating: 0, count: 4097)
        let length = name.withPlatformString { readlinkat(descriptor, $0, &target, 4096) }
        guard length > 0 else { throw HostError.last("read link", path.appending(name).string) }
        return FilePath(platformString: target)
    }

    /// Names of all entries, sorted by their bytes.
    func names() throws -> [FilePath.Component] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw HostError.last("list folder", path.string) }
        defer { closedir(stream) }
        var result: [FilePath.Component] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath(platformString: $0) }
            }
            if let component = name.lastComponent, component.kind == .regular { result.append(component) }
        }
        return result.sorted { $0.string.utf8.lexicographicallyPrecedes($1.string.utf8) }
    }

    /// Removes `name` and, when it is a folder, everything in it.
    func removeTree(_ name: FilePath.Component) throws {
        if unlink(name) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else {
            throw HostError.last("remove", path.appending(name).string)
        }
        // An empty folder needs no look inside, which its owner may have forbidden.
        if unlink(name, AT_REMOVEDIR) == 0 || errno == ENOENT { return }
        guard errno == ENOTEMPTY || errno == EEXIST else {
            throw HostError.last("remove", path.appending(name).string)
        }
        if let child = try openForRemoval(name) {
            for entry in try child.names() { try child.removeTree(entry) }
        }
        guard unlink(name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw HostError.last("remove", path.appending(name).string)
        }
    }

    private func openForRemoval(_ name: FilePath.Component) throws -> FolderHandle? {
        do {
            return try folder(name)
        } catch let error as HostError where error.errno == .permissionDenied {
            // A folder that its owner made unreadable; nothing is followed: it was seen to be no link.
            guard let status = try status(name), status.st_mode & S_IFMT == S_IFDIR else { throw error }
            _ = name.withPlatformString { fchmodat(descriptor, $0, 0o700, 0) }
            return try folder(name)
        }
    }

    /// Extended attributes of the open file `file`.
    static func attributes(_ file: CInt) throws -> [String: [UInt8]] {
        let size = flistxattr(file, nil, 0)
        guard size > 0 else { return [:] }
        var list = [CChar](repeating: 0, count: size)
        let length = flistxattr(file, &list, size)
        guard length > 0 else { return [:] }
        var result: [String: [UInt8]] = [:]
        for name in list.prefix(length).split(separator: 0) {
            let name = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let value = attribute(name, of: file) { result[name] = value }
        }
        return result
    }

    /// One extended attribute of the open file `file`, or nil.
    static func attribute(_ name: String, of file: CInt) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 256)
        var length = fgetxattr(file, name, &value, value.count)
        if length < 0, errno == ERANGE {
            length = fgetxattr(file, name, nil, 0)
            guard length >= 0 else { return nil }
            value = [UInt8](repeating: 0, count: length)
            length = fgetxattr(file, name, &value, length)
        }
        return length < 0 ? nil : Array(value.prefix(length))
    }

    /// Sets one extended attribute of the open file `file`.
    static func setAttribute(_ name: String, _ value: [UInt8], of file: CInt, path: FilePath) throws {
        guard fsetxattr(file, name, value, value.count, 0) == 0 else {
            throw HostError.last("set attribute \(name) of", path.string)
        }
    }
}
