import Glibc
import UnionFileSystem

/// Programs and interpreters of layers that were executed lately: open, and what their headers say. Nobody changes layers,
/// so neither has to be read again. Under the big lock.
final class ProgramCache {
    private struct Entry {
        /// Keeps the identity from being another one's.
        let node: Node
        let executable: Executable
        let descriptor: CInt
    }

    private static let limit = 32
    private var entries: [ObjectIdentifier: Entry] = [:]

    deinit { removeAll() }

    /// What was kept of a node, with a descriptor that is the caller's to close.
    func program(_ node: Node) -> (executable: Executable, descriptor: CInt)? {
        guard let entry = entries[ObjectIdentifier(node)] else { return nil }
        let descriptor = fcntl(entry.descriptor, F_DUPFD_CLOEXEC, 0)
        return descriptor < 0 ? nil : (entry.executable, descriptor)
    }

    /// Keeps a program of a layer. `descriptor` stays the caller's.
    func keep(_ node: Node, _ executable: Executable, _ descriptor: CInt) {
        if entries.count == ProgramCache.limit { removeAll() }
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0, entries[ObjectIdentifier(node)] == nil else {
            if own >= 0 { close(own) }
            return
        }
        entries[ObjectIdentifier(node)] = Entry(node: node, executable: executable, descriptor: own)
    }

    private func removeAll() {
        for entry in entries.values { close(entry.descriptor) }
        entries = [:]
    }
}
