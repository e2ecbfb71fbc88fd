// Unsafe pointers: the names of readdir(3) and getcwd(3).
import CHost
import Glibc
import SystemPackage

/// The folders in which the chain keeps its state, after the XDG base directory specification.
///
/// An ordinary user gets folders of their own; root gets the system's (`/run/ukontainer`, `/var/lib/ukontainer`,
/// `/etc/ukontainer`), unless the XDG variables say otherwise.
public struct Folders: Sendable {
    /// Sockets, fifos, bundles: what does not outlive a boot.
    public var runtime: FilePath
    /// Images, snapshots, containers.
    public var data: FilePath
    /// Configuration written by people.
    public var configuration: FilePath

    /// Folders of one's choice.
    public init(runtime: FilePath, data: FilePath, configuration: FilePath) {
        self.runtime = runtime
        self.data = data
        self.configuration = configuration
    }

    /// The folders of the calling user. Nothing is created.
    public static var current: Folders {
        let isRoot = geteuid() == 0
        let home = environment("HOME").map { FilePath($0) }
        func folder(_ variable: String, root: FilePath, user: @autoclosure () -> FilePath) -> FilePath {
            if let value = environment(variable), value.first == "/" {
                return FilePath(value).appending("ukontainer")
            }
            return isRoot ? root : user()
        }
        let fallback = FilePath("/tmp/ukontainer-\(geteuid())")
        return Folders(
            runtime: folder("XDG_RUNTIME_DIR", root: "/run/ukontainer", user: fallback),
            data: folder(
                "XDG_DATA_HOME", root: "/var/lib/ukontainer",
                user: home?.appending(".local/share/ukontainer") ?? fallback.appending("data")),
            configuration: folder(
                "XDG_CONFIG_HOME", root: "/etc/ukontainer",
                user: home?.appending(".config/ukontainer") ?? fallback.appending("config")))
    }

    /// The folder in which this process works; `/` where that has no name any more.
    public static var working: FilePath {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return FilePath(String(cString: path))
    }

    /// ukmanager's gRPC socket (containerd API).
    public var managerSocket: FilePath { runtime.appending("manager.sock") }
    /// ukd's socket (Docker Engine API).
    public var engineSocket: FilePath { runtime.appending("docker.sock") }

    /// Creates `path` and its missing parents with mode 0700.
    ///
    /// - Throws: `HostError` when a parent cannot be made, or when `path` exists and belongs to another user.
    public static func make(_ path: FilePath) throws {
        if mkdir(path.string, 0o700) == 0 { return }
        if errno == ENOENT, path.removingLastComponent() != path {
            try make(path.removingLastComponent())
            if mkdir(path.string, 0o700) == 0 { return }
        }
        guard errno == EEXIST else { throw HostError.last("create folder", path.string) }
        var status = stat()
        guard stat(path.string, &status) == 0 else { throw HostError.last("stat", path.string) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw HostError(.notDirectory, "create folder", path.string)
        }
    }

    /// The names in the folder `path`, in no order.
    ///
    /// - Throws: `HostError` when it cannot be read.
    public static func names(in path: FilePath) throws -> [String] {
        guard let stream = opendir(path.string) else { throw HostError.last("read folder", path.string) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Has the file system put each tree that begins in the folder `path` at a place of its own, where it knows such a hint:
    /// ext4 else looks for inodes where trees have just been removed, which are not given out again for a minute, and passes
    /// each of those again for every new file.
    public static func spread(_ path: FilePath) {
        guard let folder = try? FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec]) else {
            return
        }
        _ = ukh_spread_folders(folder.rawValue)
        try? folder.close()
    }
}

/// The value of an environment variable, or nil when it is unset or empty.
public func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}
