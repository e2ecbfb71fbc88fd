import ContainerdClient
import Glibc
import Host
import RPC
import SystemPackage

/// The named pipes through which this process is a container process' standard streams.
struct FifoSet: Sendable {
    /// Their paths.
    let io: TaskIO
    private let folder: FilePath?
    private static var parent: FilePath { Folders.current.runtime.appending("fifo") }

    /// Makes the pipes in a folder of their own under the user's runtime folder.
    init(id: String, terminal: Bool, input: Bool = true) throws {
        let folder: FilePath
        do {
            try Folders.make(Self.parent)
            folder = try Temporary.folder(in: Self.parent)
        } catch {
            throw RPCError(.failedPrecondition, "cannot make pipes for \(id): \(error)")
        }
        func make(_ name: String) throws -> String {
            let path = folder.appending("\(id)-\(name)").string
            guard mkfifo(path, 0o600) == 0 else {
                throw RPCError(.failedPrecondition, "cannot make the pipe \(path): \(Errno(rawValue: errno))")
            }
            return path
        }
        self.folder = folder
        io = TaskIO(
            stdin: input ? try make("stdin") : "", stdout: try make("stdout"),
            stderr: terminal ? "" : try make("stderr"), terminal: terminal)
    }

    /// The pipes that a process has already.
    init(existing io: TaskIO) {
        self.io = io
        folder = nil
    }

    /// Runs `body` with this process at the other ends of the pipes, which may be what a shim waits for; nothing is read.
    func held<R>(_ body: () async throws -> R) async rethrows -> R {
        let ends = [(io.stdin, O_RDWR), (io.stdout, O_RDONLY), (io.stderr, O_RDONLY)].compactMap { path, mode in
            path.isEmpty ? nil : open(path, mode | O_NONBLOCK | O_CLOEXEC)
        }
        defer { for end in ends where end >= 0 { close(end) } }
        return try await body()
    }

    /// Removes the pipes' names.
    func remove() {
        for path in [io.stdin, io.stdout, io.stderr] where !path.isEmpty { unlink(path) }
        if let folder { rmdir(folder.string) }
    }

    /// Removes the pipes of a process whose maker has gone, when they are ones of this program.
    static func removeLeft(_ io: TaskIO) {
        let parent = Self.parent
        for path in [io.stdin, io.stdout, io.stderr].map({ FilePath($0) })
        where path.removingLastComponent().removingLastComponent() == parent {
            unlink(path.string)
            rmdir(path.removingLastComponent().string)
        }
    }
}
