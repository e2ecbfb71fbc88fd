import Glibc
import Host
import OCISpec
import SystemPackage

/// A bundle: a folder with config.json and the root file system (OCI runtime specification, bundle.md).
public struct Bundle: Sendable {
    /// Absolute, without symbolic links.
    public var path: FilePath
    /// Its config.json.
    public var spec: RuntimeSpec

    /// A bundle's folder and the text of its config.json, not looked at yet.
    struct Source {
        let path: FilePath
        let configuration: [UInt8]
    }

    /// Reads the bundle in `folder`.
    ///
    /// - Throws: `RuntimeError` when there is no config.json or it cannot be used.
    public init(_ folder: FilePath) throws {
        try self.init(try Bundle.source(folder))
    }

    /// - Throws: `RuntimeError` when there is no config.json.
    static func source(_ folder: FilePath) throws -> Source {
        guard let resolved = realpath(folder.string, nil) else {
            throw RuntimeError("chdir \(folder): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        let path = FilePath(String(cString: resolved))
        guard let bytes = try readFile(path.appending("config.json")) else {
            throw RuntimeError("JSON specification file config.json not found")
        }
        return Source(path: path, configuration: bytes)
    }

    /// - Throws: `RuntimeError` when config.json cannot be used.
    init(_ source: Source) throws {
        path = source.path
        do {
            spec = try JSON.decode(from: source.configuration)
        } catch {
            throw RuntimeError("config.json of bundle \(path): \(error)")
        }
        guard spec.ociVersion.hasPrefix("1.") else {
            throw RuntimeError("config.json is of version \"\(spec.ociVersion)\", this runtime reads 1.0 to 1.2")
        }
    }

    /// The root folder that config.json names, made absolute.
    public var root: FilePath? {
        guard let root = spec.root, !root.path.isEmpty else { return nil }
        return path.pushing(FilePath(root.path)).lexicallyNormalized()
    }

    /// The mounts that the root is made of, where the bundle was written by a shim that mounts nothing; nil without any.
    func rootMounts() throws -> [FstabLine]? {
        guard let bytes = try readFile(path.appending("rootfs.fstab")) else { return nil }
        let lines = try String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { try FstabLine($0) }
        return lines.isEmpty ? nil : lines
    }
}

/// The contents of a file, or nil when there is none.
func readFile(_ path: FilePath) throws -> [UInt8]? {
    do {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        defer { try? file.close() }
        return try file.readAll()
    } catch Errno.noSuchFileOrDirectory {
        return nil
    } catch let error as Errno {
        throw HostError(error, "read", path.string)
    }
}
