import CFiles

/// A process that goes through a tree: it opens a folder, then what is in it in the order in which the host lists it, and
/// what is in each folder there before the next one. So do find(1), grep(1) -r, tar(1), du(1), cp(1) and nftw(3).
package struct TreeWalk {
    /// A folder on the way to where the process is, and up to where its entries are behind.
    private struct Level {
        let folder: Node
        let entries: [ListEntry]
        var next = 0

        /// - Parameter name: of the last entry that is behind; nil: none is.
        init?(_ folder: Node, after name: Name? = nil, _ shared: SharedNames) {
            guard let entries = shared.entries(of: folder) else { return nil }
            self.folder = folder
            self.entries = entries.filter { $0.type == .folder || $0.type == .file }
            if let name { next = place(of: name).map { $0 + 1 } ?? self.entries.count }
        }

        /// Where a name stands that is not behind.
        func place(of name: Name) -> Int? { entries[next...].firstIndex { $0.name == name } }
    }

    private var levels: [Level] = []
    /// The folder with which the walk came to its end, as far as it was known.
    private var finished: Node?
    /// How many folders in a row were opened elsewhere.
    private var misses = 0
    /// Whether the process opens the files as well.
    private var opensFiles = false

    private static let deepest = 64
    /// How many names may be gone through for one call: about a millisecond's work.
    private static let mostNames = 400

    package init() {}

    /// The process opened a file or folder of a layer. Whether that is where it was expected to go next, or nearly so.
    package mutating func goes(to node: Node, _ shared: SharedNames) -> Bool {
        guard let parent = node.parent, shared.isWalked(parent) else { return false }
        if let level = levels.lastIndex(where: { $0.folder === parent }) {
            guard let place = levels[level].place(of: node.name) else { return false }
            levels.removeSubrange((level + 1)...)
            levels[level].next = place + 1
        } else if node.isFolder, levels.first?.folder.parent === parent || isAbove(parent, finished) {
            // It began in a folder beside: the one above is gone through as a whole.
            levels = Level(parent, after: node.name, shared).map { [$0] } ?? []
        } else {
            guard node.isFolder else { return false }
            misses += 1
            if misses > 2 || levels.isEmpty {
                levels = []
                misses = 0
                enter(node, shared)
            }
            return false
        }
        misses = 0
        finished = nil
        if node.isFolder { enter(node, shared) } else { opensFiles = true }
        return true
    }

    /// What the process has no use for: files, perhaps.
    package mutating func wastes() { opensFiles = false }

    /// Opens what comes next for the process to keep: `count` files and folders at the most.
    package mutating func open(
        _ count: Int, from shared: SharedNames, unless isKept: (UInt64) -> Bool
    ) -> [uki_kept] {
        var gifts: [uki_kept] = []
        var names = 0
        while gifts.count < count, names < TreeWalk.mostNames, let level = levels.indices.last {
            guard levels[level].next < levels[level].entries.count else {
                finished = levels.removeLast().folder
                continue
            }
            let entry = levels[level].entries[levels[level].next]
            let parent = levels[level].folder
            levels[level].next += 1
            names += 1
            if entry.type == .folder {
                guard let folder = shared.folder(entry.name, in: parent) else { continue }
                if let gift = shared.gift(folder, unless: isKept) { gifts.append(gift) }
                enter(folder, shared)
                names += levels.last?.entries.count ?? 0
            } else if opensFiles,
                let gift = shared.gift(entry.name, in: parent, isRepeated: false, unless: isKept)
            {
                gifts.append(gift)
            }
        }
        return gifts
    }

    private mutating func enter(_ folder: Node, _ shared: SharedNames) {
        guard levels.count < TreeWalk.deepest, let level = Level(folder, shared) else { return }
        levels.append(level)
    }

    private func isAbove(_ folder: Node, _ other: Node?) -> Bool {
        var at = other?.parent
        while let seen = at {
            if seen === folder { return true }
            at = seen.parent
        }
        return false
    }
}
