import Glibc
import Host
import RPC
import SystemPackage

/// Keeps a second manager away from a root, for as long as this process lives.
final class RootLock: Sendable {
    private let file: FileDescriptor

    init(_ root: FilePath) throws {
        let path = root.appending("ukmanager.lock")
        file = try HostError.naming("open", path) {
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
        }
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let holder = readSmallFile(path.string)?.trimmingNewline ?? ""
            try? file.close()
            throw RPCError(
                .failedPrecondition,
                "\(root) is in use by another ukmanager\(holder.isEmpty ? "" : " (pid \(holder))"): stop that one, or give "
                    + "another --root")
        }
        let file = file
        try HostError.naming("write", path) {
            try file.resize(to: 0)
            _ = try file.writeAll(toAbsoluteOffset: 0, Array("\(getpid())\n".utf8))
        }
    }

    deinit { try? file.close() }
}

extension String {
    fileprivate var trimmingNewline: String { last == "\n" ? String(dropLast()) : self }
}
