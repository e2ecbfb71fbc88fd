import Archive
import Foundation
import Glibc
import Host
import RPC
import SystemPackage

/// The folder of a task, as shims expect it: config.json, rootfs/, and what the shim itself puts there.
struct Bundle: Sendable {
    /// The folder's name below the manager's state and root, as in containerd.
    static let component: FilePath.Component = "io.containerd.runtime.v2.task"

    let namespace: String
    let id: String
    let path: FilePath
    /// A folder that the runtime may use and that outlives the bundle's file system.
    let work: FilePath

    init(namespace: String, id: String, configuration: ManagerConfiguration) {
        self.namespace = namespace
        self.id = id
        path = configuration.state.appending(Self.component).appending(namespace).appending(id)
        work = configuration.root.appending(Self.component).appending(namespace).appending(id)
    }

    /// The fifo into which the shim writes its log.
    var log: FilePath { path.appending("log") }

    /// Makes the folders and writes `specification` as config.json.
    ///
    /// - Throws: `RPCError` (already exists) when there is a bundle of that name.
    func create(specification: Data) throws {
        try Folders.make(path.removingLastComponent())
        guard mkdir(path.string, 0o700) == 0 else {
            if errno == EEXIST { throw RPCError.alreadyExists("bundle \(path)") }
            throw HostError.last("create folder", path.string)
        }
        do {
            try Folders.make(work)
            try Folders.make(path.appending("rootfs"))
            guard symlink(work.string, path.appending("work").string) == 0 else {
                throw HostError.last("create link", path.appending("work").string)
            }
            try write("config.json", specification)
        } catch {
            try? remove()
            throw error
        }
    }

    /// Removes the bundle. A root file system that is mounted in it is left alone, and so is the bundle then.
    func remove() throws {
        let rootfs = path.appending("rootfs")
        var (outer, inner) = (stat(), stat())
        if stat(path.string, &outer) == 0, lstat(rootfs.string, &inner) == 0, outer.st_dev != inner.st_dev,
            umount2(rootfs.string, CInt(MNT_DETACH)) != 0
        {
            throw HostError.last("unmount", rootfs.string)
        }
        // Renamed first: a bundle under its own name is whole.
        let leaving = path.removingLastComponent().appending(".\(id)")
        try LayerFolder.remove(leaving)
        if rename(path.string, leaving.string) == 0 { try LayerFolder.remove(leaving) }
        try LayerFolder.remove(work)
        // Gone when it was the namespace's last.
        rmdir(path.removingLastComponent().string)
        rmdir(work.removingLastComponent().string)
    }

    /// The processes that are shims of this bundle: they work in it, and are told its id.
    func shims() -> [pid_t] {
        guard let resolved = realpath(path.string, nil) else { return [] }
        defer { free(resolved) }
        let folder = String(cString: resolved)
        return Processes.all().filter { pid in
            guard readLink("/proc/\(pid)/cwd") == folder, let line = readSmallFile("/proc/\(pid)/cmdline") else {
                return false
            }
            let words = line.split(separator: "\0", omittingEmptySubsequences: false)
            return zip(words, words.dropFirst()).contains { $0 == "-id" && $1 == id }
        }
    }

    func write(_ name: String, _ bytes: Data) throws {
        let path = path.appending(name)
        try HostError.naming("write", path) {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(bytes) }
        }
    }

    func read(_ name: String) -> String? {
        readSmallFile(path.appending(name).string).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// All bundles below the manager's state.
    static func all(_ configuration: ManagerConfiguration) -> [Bundle] {
        let root = configuration.state.appending(component)
        return names(root).flatMap { namespace in
            names(root.appending(namespace)).map { id in
                Bundle(namespace: namespace, id: id, configuration: configuration)
            }
        }
    }

    /// Removes what is left of bundles whose removal was interrupted, and work folders without a bundle.
    static func removeLeftovers(_ configuration: ManagerConfiguration) {
        for root in [configuration.state.appending(component), configuration.root.appending(component)] {
            for namespace in names(root) {
                let folder = root.appending(namespace)
                for name in (try? Folders.names(in: folder)) ?? [] {
                    let bundle = configuration.state.appending(component).appending(namespace).appending(name)
                    if name.hasPrefix(".") || access(bundle.string, F_OK) != 0 {
                        try? LayerFolder.remove(folder.appending(name))
                    }
                }
                rmdir(folder.string)
            }
        }
    }

    private static func names(_ folder: FilePath) -> [String] {
        ((try? Folders.names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }
}
