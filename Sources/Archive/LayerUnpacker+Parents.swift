// Unsafe pointers: file content.
import Glibc
import Host
import SystemPackage

extension LayerUnpacker {
    /// Opens the folder in which the entry called `components` lies.
    ///
    /// - Throws: as `folder(_:)`.
    func parent(of components: [FilePath.Component]) throws -> FolderHandle {
        // `folder` may itself begin a new trail, so this one is not in its place meanwhile.
        var walked = trail
        defer { trail = walked }
        return try walked.folder(Array(components.dropLast()), from: root, otherwise: folder)!
    }

    /// Opens the folder that `components` name inside the union, making in this layer what only the layers below have.
    ///
    /// - Throws: `ArchiveError.escapes` for a chain of links without end, `ArchiveError.malformed` when something on the
    ///   way is no folder.
    func folder(_ components: [FilePath.Component]) throws -> FolderHandle {
        var stack = [root]
        var names: [FilePath.Component] = []
        var pending = Array(components.reversed())
        var followed = 0

        func follow(_ target: FilePath) throws {
            followed += 1
            guard followed <= 40 else {
                throw ArchiveError.escapes("\(FilePath(root: nil, components)): too many symbolic links")
            }
            if target.isAbsolute {
                stack = [root]
                names = []
            }
            pending.append(contentsOf: target.components.reversed())
        }

        while let name = pending.popLast() {
            if name.kind == .currentDirectory { continue }
            if name.kind == .parentDirectory {
                // The parent of the root is the root, as inside the container.
                if stack.count > 1 {
                    stack.removeLast()
                    names.removeLast()
                }
                continue
            }
            let parent = stack[stack.count - 1]
            let next: FolderHandle
            if let file = try LayerFile(name, in: parent) {
                if file.stat.kind == .symbolicLink {
                    try follow(file.target())
                    continue
                }
                guard file.stat.kind == .folder, let folder = try parent.folder(name) else {
                    throw ArchiveError.malformed("\(FilePath(root: nil, components)): \(name) is not a folder")
                }
                next = folder
            } else if let whiteout = LayerNames.whiteout(of: name), parent.unlink(whiteout) == 0 {
                next = try create(folder: name, in: parent, hidden: true)
                _ = fchmod(next.descriptor, 0o755)
            } else if !isHidden(stack), let lower = try below?.lookUp(names + [name]) {
                if lower.file.stat.kind == .symbolicLink {
                    try follow(lower.file.target())
                    continue
                }
                guard lower.folder != nil else {
                    throw ArchiveError.malformed("\(FilePath(root: nil, components)): \(name) is not a folder")
                }
                next = try create(folder: name, in: parent, hidden: false)
                try copyMetadata(lower.file, to: next.descriptor, at: next.path)
            } else {
                next = try create(folder: name, in: parent, hidden: false)
                _ = fchmod(next.descriptor, 0o755)
            }
            stack.append(next)
            names.append(name)
        }
        return stack[stack.count - 1]
    }

    private func isHidden(_ stack: [FolderHandle]) -> Bool {
        stack.contains { MergedFolder.isOpaque($0) }
    }

    /// Copies a file that only the layers below have into this one, so that it can get a further name.
    func copyUp(_ file: LayerFile, name: FilePath.Component, in folder: FolderHandle) throws {
        let path = folder.path.appending(name)
        if file.host.st_mode & S_IFMT == S_IFLNK {
            let target = try file.target()
            let result = target.withPlatformString { target in
                name.withPlatformString { symlinkat(target, folder.descriptor, $0) }
            }
            guard result == 0 else { throw HostError.last("create link", path.string) }
            return
        }
        let source = file.folder.open(file.name, O_RDONLY | O_NOFOLLOW)
        guard source >= 0 else { throw HostError.last("open", file.folder.path.appending(file.name).string) }
        defer { close(source) }
        let copy = try create(file: name, in: folder)
        defer { close(copy) }
        try withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
            while true {
                let count = try FileDescriptor(rawValue: source).read(into: buffer)
                if count == 0 { break }
                try FileDescriptor(rawValue: copy).writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        if file.stat.kind != .file { try mark(folder, LayerNames.placeholders) }
        try copyMetadata(file, to: copy, at: path)
    }

    private func copyMetadata(_ file: LayerFile, to descriptor: CInt, at path: FilePath) throws {
        try Self.describe(
            descriptor, file.stat, file.attributes, at: path,
            always: file.stat.kind != .file && file.stat.kind != .folder)
        var times = Self.times(file.modified)
        _ = futimens(descriptor, &times)
    }
}
