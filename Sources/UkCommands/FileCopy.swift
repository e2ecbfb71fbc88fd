import EngineClient
import Glibc
import Host
import SystemPackage

/// Copies files between a container and this host, after the rules of `docker cp`.
///
/// The engine gives and takes tars; tar(1) packs and unpacks them here, so that the client carries no archive library for
/// this one command. The name that a file gets at the other end is put into the tar on its way.
struct FileCopy: Sendable {
    var client: EngineClient
    var keepsOwners: Bool
    var followsLinks: Bool

    /// Copies `path` of the container to `destination`; `-` writes the tar to standard output.
    func out(of container: String, _ path: String, to destination: String) async throws {
        let request = EngineRequest("GET", Engine.container(container, "/archive"), query: [("path", path)])
        if destination == "-" {
            return try await client.withResponse(request) { response in
                for try await piece in response.body { Console.write(piece, to: 1) }
            }
        }
        let source = FilePath(path)
        let target = FilePath(destination)
        let base = source.lastComponent?.string ?? "/"
        var arguments = ["tar", "-x", "-f", "-"] + (keepsOwners ? ["--same-owner"] : ["--no-same-owner"])
        if Self.isFolder(target) {
            arguments += ["-C", target.string]
            if path.hasSuffix("/.") { arguments += ["--strip-components=1"] }
        } else {
            let parent = target.removingLastComponent()
            let name = target.lastComponent?.string ?? base
            arguments += ["-C", parent.isEmpty ? "." : parent.string, Self.renaming(base, to: name)]
        }
        guard let pipe = closeOnExecPipe() else { throw CommandFailure("too many open files") }
        let tar = try Self.tar(arguments, input: pipe.reader, output: 1)
        close(pipe.reader)
        do {
            try await client.withResponse(request) { response in
                for try await piece in response.body { Console.write(piece, to: pipe.writer) }
            }
            close(pipe.writer)
        } catch {
            // First, lest it complain of an archive that is none.
            kill(tar, SIGKILL)
            close(pipe.writer)
            Processes.waitForEnd(of: tar)
            throw error
        }
        guard Processes.waitForEnd(of: tar) == 0 else { throw CommandFailure("cannot unpack to \(destination)") }
    }

    /// Copies `source`, or for `-` the tar on standard input, to `path` of the container.
    func into(_ container: String, _ path: String, from source: String) async throws {
        if source == "-" { return try await put(InputReader(descriptor: 0), to: path, of: container) }
        guard access(source, F_OK) == 0 else {
            throw CommandFailure("\(source): \(String(cString: strerror(errno)).lowercased())")
        }
        let file = FilePath(source)
        let base = file.lastComponent?.string ?? "/"
        let takesContents = source.hasSuffix("/.") && Self.isFolder(file)
        var arguments =
            ["tar", "-c", "-f", "-"] + (followsLinks ? ["-h"] : []) + (keepsOwners ? [] : ["--owner=0", "--group=0"])
        var folder = path
        if try await isFolder(path, in: container) {
            arguments += takesContents ? ["-C", source, "."] : ["-C", Self.parent(of: file), base]
        } else if takesContents || !path.hasSuffix("/") {
            let target = FilePath(path)
            folder = target.removingLastComponent().string
            if folder.isEmpty { folder = "/" }
            let name = target.lastComponent?.string ?? base
            arguments +=
                takesContents
                ? ["-C", source, Self.renaming(".", to: name), "."]
                : ["-C", Self.parent(of: file), Self.renaming(base, to: name), base]
        } else {
            throw CommandFailure("no such directory: \(container):\(path)")
        }
        guard let pipe = closeOnExecPipe() else { throw CommandFailure("too many open files") }
        let tar = try Self.tar(arguments, input: 0, output: pipe.writer)
        close(pipe.writer)
        defer { close(pipe.reader) }
        do {
            try await put(InputReader(descriptor: pipe.reader, pieceSize: 256 * 1024), to: folder, of: container)
        } catch {
            kill(tar, SIGTERM)
            Processes.waitForEnd(of: tar)
            throw error
        }
        guard Processes.waitForEnd(of: tar) == 0 else { throw CommandFailure("cannot read \(source)") }
    }

    private func put(_ tar: InputReader, to folder: String, of container: String) async throws {
        let request = EngineRequest(
            "PUT", Engine.container(container, "/archive"),
            query: [("path", folder), ("noOverwriteDirNonDir", "true"), ("copyUIDGID", keepsOwners ? "true" : nil)],
            body: .tar(tar))
        try await client.withResponse(request) { _ in }
    }

    /// Whether the path is a folder in the container; false when there is nothing.
    private func isFolder(_ path: String, in container: String) async throws -> Bool {
        do {
            let request = EngineRequest("HEAD", Engine.container(container, "/archive"), query: [("path", path)])
            let header = try await client.withResponse(request) {
                $0.headers.first(name: "X-Docker-Container-Path-Stat")
            }
            let status = try JSONParser.parse(Base64.decode(header ?? "") ?? [])
            let mode = status["mode"]?.integer ?? 0
            // Go's file modes: the top bit is a folder, bit 27 a symbolic link.
            if mode & 1 << 27 != 0, let target = status["linkTarget"]?.string, !target.isEmpty, target != path {
                return try await isFolder(target, in: container)
            }
            return mode & 1 << 31 != 0
        } catch let error as EngineError where error.status == 404 {
            // Either the path or the container is missing; the second shows itself at once.
            try await client.json(EngineRequest("GET", Engine.container(container, "/json")))
            return false
        }
    }

    private static func isFolder(_ path: FilePath) -> Bool {
        var status = stat()
        return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func parent(of path: FilePath) -> String {
        let parent = path.removingLastComponent()
        return parent.isEmpty ? "." : parent.string
    }

    /// tar's option that gives the top of the tree another name; symbolic links keep their targets.
    private static func renaming(_ name: String, to new: String) -> String {
        let pattern = String(name.flatMap { "\\.*[]^$,".contains($0) ? ["\\", $0] : [$0] })
        let replacement = String(new.flatMap { "\\&,".contains($0) ? ["\\", $0] : [$0] })
        return "--transform=s,^\\(\\./\\)\\?\(pattern)\\(/\\|$\\),\(replacement)\\2,S"
    }

    private static func tar(_ arguments: [String], input: CInt, output: CInt) throws -> pid_t {
        guard let path = Processes.program(onPath: "tar") else {
            throw CommandFailure("tar is not installed; cp needs it to pack and unpack files")
        }
        return try Spawn(
            path, arguments: arguments,
            descriptors: [.init(rawValue: input), .init(rawValue: output), .standardError]
        ).start()
    }
}
