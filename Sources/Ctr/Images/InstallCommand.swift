// Unsafe pointers: writing blocks of an archive's member.
import ArgumentParser
import Archive
import ContainerdClient
import Glibc
import Host
import RPC
import SystemPackage

/// `ukctr install`
struct InstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Installs programs of an image (its /bin) where the manager finds them.")
    @OptionGroup var options: GlobalOptions
    @Flag(name: [.short, .long], help: "Installs the image's /lib too.") var libs = false
    @Flag(name: [.short, .long], help: "Replaces what is there.") var replace = false
    @Option(help: "The folder; without, the manager's.") var path: String?
    @Argument(help: "The image's name in full.") var image: String

    func run() async throws {
        let client = try options.client()
        let target = try await client.images.get(image).descriptor
        let manifest = try await client.manifest(of: target).manifest
        let folder = try await folder(client)
        let installer = Installer(folder: folder, folders: libs ? ["bin", "lib"] : ["bin"], replaces: replace)
        for layer in manifest.layers {
            let bytes = client.content.bytes(of: layer.digest)
            do {
                try await BlockingWork.run { try installer.install(ArchiveReader { try bytes.receive() }) }
            } catch {
                // Whoever still sends ends.
                bytes.fail(error)
                throw error
            }
            // What comes after the archive's end is of no use.
            bytes.fail(ArchiveError.cancelled)
        }
    }

    private func folder(_ client: ContainerdClient) async throws -> FilePath {
        if let path { return FilePath(path) }
        let plugins = try await client.introspection.plugins(filters: ["id==opt"])
        guard plugins.count == 1 else { throw RPCError(.unavailable, "opt service not enabled") }
        guard let path = plugins[0].exports["path"], !path.isEmpty else {
            throw RPCError(.unavailable, "opt path not exported")
        }
        return FilePath(path)
    }
}

/// Puts members of layers that lie in certain folders of the image into the folders of the same names below another one.
private struct Installer: Sendable {
    let folder: FilePath
    let folders: Set<String>
    let replaces: Bool

    /// - Throws: `RPCError` (already exists) for a file that is there; `HostError`; `ArchiveError`.
    func install(_ archive: ArchiveReader) throws {
        while let entry = try archive.next() {
            guard let place = place(entry.path), entry.kind != .folder else { continue }
            let path = folder.appending(place.folder).appending(place.name)
            var status = stat()
            if !replaces, lstat(path.string, &status) == 0 {
                throw RPCError(.alreadyExists, "cannot replace \(place.folder)/\(place.name) in \(folder)")
            }
            try Folders.make(path.removingLastComponent())
            // It appears whole, in place of what was there.
            let temporary = path.removingLastComponent().appending(".\(place.name.string).\(getpid())")
            unlink(temporary.string)
            defer { unlink(temporary.string) }
            switch entry.kind {
            case .file: try write(archive, entry, to: temporary)
            case .symbolicLink:
                guard symlink(entry.link?.string ?? "", temporary.string) == 0 else {
                    throw HostError.last("create link", temporary.string)
                }
            case .hardLink:
                guard let link = entry.link, let source = self.place(link) else {
                    throw RPCError(.invalidArgument, "\(entry.path): a link to what is not installed")
                }
                let target = folder.appending(source.folder).appending(source.name)
                guard linkat(AT_FDCWD, target.string, AT_FDCWD, temporary.string, 0) == 0 else {
                    throw HostError.last("link", target.string)
                }
            case .folder, .characterDevice, .blockDevice, .fifo, .other: continue
            }
            guard rename(temporary.string, path.string) == 0 else { throw HostError.last("replace", path.string) }
        }
    }

    /// The folder and the name of a member that is to be installed: one that lies directly in one of the folders.
    private func place(_ path: FilePath) -> (folder: FilePath.Component, name: FilePath.Component)? {
        let parts = Array(FilePath(root: nil, path.components).lexicallyNormalized().components)
        guard parts.count == 2, parts.allSatisfy({ $0.kind == .regular }), folders.contains(parts[0].string),
            !parts[1].string.hasPrefix(".wh.")
        else { return nil }
        return (parts[0], parts[1])
    }

    private func write(_ archive: ArchiveReader, _ entry: ArchiveEntry, to path: FilePath) throws {
        let file = open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw HostError.last("create", path.string) }
        defer { close(file) }
        try archive.forEachBlock { offset, block in
            var written = 0
            while written < block.count {
                let count = pwrite(file, block.baseAddress! + written, block.count - written, Int(offset) + written)
                guard count > 0 || errno == EINTR else { throw HostError.last("write", path.string) }
                written += max(0, count)
            }
        }
        // A file may end in a hole. Without set-id bits: its owner is the caller.
        guard ftruncate(file, Int(entry.size)) == 0, fchmod(file, entry.mode & 0o777) == 0 else {
            throw HostError.last("write", path.string)
        }
    }
}
