import Glibc
import OCISpec

extension RuntimeSpec.Namespace {
    /// The kinds that there are, and what NS_GET_NSTYPE (ioctl_nsfs(2)) tells of each.
    private static let kinds: [String: CInt] = [
        "mount": 0x0002_0000, "cgroup": 0x0200_0000, "uts": 0x0400_0000, "ipc": 0x0800_0000, "user": 0x1000_0000,
        "pid": 0x2000_0000, "network": 0x4000_0000, "time": 0x80,
    ]
    /// NS_GET_NSTYPE
    private static let tellKind: UInt = 0xB703

    /// The names of all kinds.
    public static var allKinds: [String] { kinds.keys.sorted() }

    /// Looks whether namespaces are as config-linux.md wants them, "Namespaces": known kinds, each once, and paths that lead to a
    /// namespace of their kind.
    ///
    /// - Throws: `RuntimeError` for the first that is not.
    static func check(_ namespaces: [Self]) throws {
        var seen: Set<String> = []
        for namespace in namespaces {
            guard let kind = kinds[namespace.type] else {
                throw RuntimeError("namespace \"\(namespace.type)\" does not exist")
            }
            guard seen.insert(namespace.type).inserted else {
                throw RuntimeError("malformed spec file: duplicated namespace \(namespace.type)")
            }
            if let path = namespace.path, !path.isEmpty { try check(path, namespace.type, kind) }
        }
    }

    private static func check(_ path: String, _ type: String, _ kind: CInt) throws {
        let place = "path \(path) of namespace \(type)"
        guard path.hasPrefix("/") else { throw RuntimeError("\(place) is not absolute") }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw RuntimeError("\(place): \(String(cString: strerror(errno)))")
        }
        // Namespaces are regular files; opening others might wait or do something.
        let isFile = status.st_mode & S_IFMT == S_IFREG
        let file = isFile ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1
        guard !isFile || file >= 0 else { throw RuntimeError("\(place): \(String(cString: strerror(errno)))") }
        defer { if file >= 0 { close(file) } }
        guard file >= 0, ioctl(file, tellKind) == kind else { throw RuntimeError("\(place) is no \(type) namespace") }
    }
}
