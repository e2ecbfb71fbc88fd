import CFiles
import Glibc
import SystemPackage
import TestSupport
import UnionFileSystem

/// A union over folders made for one test, and short ways to ask it.
final class Sample {
    private let scratch = ScratchFolder()
    var folder: String { scratch.path.string }
    var layers: [String] = []
    var upper: String { folder + "/upper" }
    private(set) var files: FileSystem!
    var caller: Caller!

    /// - Parameter layers: number of read-only layers.
    init(layers count: Int) {
        umask(0)
        for index in 0..<count {
            layers.append(folder + "/layer\(index)")
            Glibc.mkdir(layers[index], 0o755)
        }
        Glibc.mkdir(upper, 0o755)
    }

    // Before the folder goes.
    deinit { files = nil }

    /// Writes a file of the host, folders made on the way.
    func write(_ text: String, _ path: String) {
        let parts = path.split(separator: "/")
        for count in 1..<parts.count { Glibc.mkdir("/" + parts[0..<count].joined(separator: "/"), 0o755) }
        let file = Glibc.open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
        close(file)
    }

    func makeHostFolder(_ path: String) {
        let parts = path.split(separator: "/")
        for count in 1...parts.count { Glibc.mkdir("/" + parts[0..<count].joined(separator: "/"), 0o755) }
    }

    @discardableResult
    func start(isReadonly: Bool = false) throws -> FileSystem {
        let scratch = folder + "/scratch"
        try? FileSystem.removeHostFolder(scratch)
        Glibc.mkdir(scratch, 0o700)
        files = try FileSystem(
            layers: layers, upper: isReadonly && layers.count > 0 ? nil : upper, work: folder + "/work",
            isReadonly: isReadonly, scratch: scratch)
        caller = files.kernelCaller()
        return files
    }

    func bytes(_ path: String) -> [UInt8] { Array(path.utf8) }

    func node(_ path: String, follow: Bool = true) throws(Errno) -> Node {
        try files.resolve(bytes(path), from: files.root, for: caller, follow ? .followLast : []).node()
    }

    func open(_ path: String, _ flags: CInt, mode: UInt32 = 0o644) throws(Errno) -> CInt {
        guard
            case .descriptor(let file) = try files.open(
                bytes(path), from: files.root, for: caller, flags: flags, mode: mode)
        else { throw .invalidArgument }
        return file
    }

    func read(_ path: String) throws(Errno) -> String {
        let file = try open(path, O_RDONLY)
        defer { close(file) }
        return content(file)
    }

    func content(_ file: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.pread(file, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    func put(_ text: String, _ path: String, flags: CInt = O_CREAT | O_WRONLY | O_TRUNC) throws(Errno) {
        let file = try open(path, flags)
        _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
        close(file)
    }

    func names(_ path: String) throws(Errno) -> [String] {
        try files.list(try node(path), for: caller).map(\.name.string).sorted()
    }

    func stat(_ path: String) throws(Errno) -> ukf_stat { try files.stat(try node(path, follow: false)) }

    func mkdir(at path: String, mode: UInt32 = 0o755) throws(Errno) {
        try files.makeFolder(bytes(path), from: files.root, for: caller, mode: mode)
    }

    func unlink(_ path: String) throws(Errno) { try files.removeFile(bytes(path), from: files.root, for: caller) }
    func rmdir(_ path: String) throws(Errno) { try files.removeFolder(bytes(path), from: files.root, for: caller) }

    func rename(_ old: String, _ new: String, flags: UInt32 = 0) throws(Errno) {
        try files.rename(bytes(old), from: files.root, to: bytes(new), from: files.root, for: caller, flags: flags)
    }

    func symlink(_ target: String, _ path: String) throws(Errno) {
        try files.makeLink(to: bytes(target), at: bytes(path), from: files.root, for: caller)
    }

    func link(_ old: String, _ new: String) throws(Errno) {
        try files.makeHardLink(of: try node(old, follow: false), at: bytes(new), from: files.root, for: caller)
    }

    func exists(_ path: String) -> Bool { (try? node(path, follow: false)) != nil }

    /// Sets an xattr of a host's file.
    func setHostXattr(_ path: String, _ name: String, _ value: String) {
        _ = ukf_setxattr(AT_FDCWD, path, name, value, value.utf8.count, 0)
    }

    /// The errno that `body` throws; nil when it succeeds.
    func failure(_ body: () throws(Errno) -> Void) -> Errno? {
        do throws(Errno) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
