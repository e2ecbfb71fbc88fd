import Archive
import Glibc
import Host
import Synchronization
import SystemPackage

/// A folder for one test, removed with all that is in it when nobody holds it any more, or at the end of all tests.
///
/// Its path is short: unix sockets have 107 bytes for theirs.
public final class ScratchFolder: Sendable {
    /// The folder.
    public let path: FilePath

    private static let present = Mutex<Set<FilePath>>([])
    /// Servers hold on to what their handlers use, and so to folders.
    private static let removal: Void = {
        atexit {
            for path in ScratchFolder.present.withLock({ $0 }) { try? LayerFolder.remove(path) }
        }
    }()

    /// Makes a folder in /tmp.
    public init() {
        do {
            path = try Temporary.folder(in: "/tmp", prefix: "uktest-")
        } catch {
            preconditionFailure("\(error)")
        }
        Self.removal
        let path = path
        _ = Self.present.withLock { $0.insert(path) }
    }

    deinit {
        try? LayerFolder.remove(path)
        let path = path
        _ = Self.present.withLock { $0.remove(path) }
    }

    /// A file or folder in it, which need not be there.
    public func appending(_ name: String) -> FilePath { path.appending(name) }

    /// A new folder in it.
    public func folder(_ name: String) -> FilePath {
        let inner = path.appending(name)
        mkdir(inner.string, 0o700)
        return inner
    }
}
