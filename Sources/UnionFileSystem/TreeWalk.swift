import CFiles

/// A process that goes through a tree: it opens a folder, then what is in it in the order in which the host lists it, and
/// what is in each folder there before the next one. So do find(1), grep(1) -r, tar(1), du(1), cp(1) and nftw(3).
package struct TreeWalk {
    /// A folder on the way to where the process is, and up to where its entries are behind.
    private struct Level {
        let folder: Node
        let entries: [ListEntry]
        var next = 0

        init?(_ folder: Node, _ shared: SharedNames) {
            guard let entries = shared.entries(of: folder) else { return nil }
            self.folder = folder
            self.entries = entries.filter { $0.type == .folder || $0.type == .file }
        }

        /// Where a name stands that is not behind, and not so far ahead that nobody goes through the folder who asks for it.
        func place(of name: Name, isNear: Bool = true) -> Int? {
            guard let place = entries[next...].firstIndex(where: { $0.name == name }) else { return nil }
            guard isNear else { return place }
            let isNear = entries[next..<place].lazy.filter { $0.type == .folder }.count <= TreeWalk.mostSkipped
            return isNear ? place : nil
        }
    }

    private var levels: [Level] = []
    /// The folder with which the walk came to its end, as far as it was known.
    private var finished: Node?
    /// A folder through which it might have gone: who opens what is in it in an order of his own asks again and again.
    private var tried: Level?
    /// How many folders in a row were opened elsewhere.
    private var misses = 0
    /// Whether the process opens the files as well.
    private var opensFiles = false

    private static let deepest = 64
    /// Folders that are passed over, or opened elsewhere.
    private static let mostSkipped = 3
    private static let mostMisses = 2
    /// How many names may be gone through for one call: about a millisecond's work.
    private static let mostNames = 400

    package init() {}

    /// The process opened a file or folder of a layer. Whether that is where it was expected to go next, or nearly so.
    package mutating func goes(to node: Node, _ shared: SharedNames) -> Bool {
        guard let parent = node.parent, shared.isWalked(parent) else { return false }
        guard advance(to: node, in: parent, shared) else {
            if node.isFolder, !isAbove(node) {
                misses += 1
                if misses > TreeWalk.mostMisses || levels.isEmpty {
                    levels = []
                    misses = 0
                    enter(node, shared)
                }
            }
            return false
        }
        misses = 0
        finished = nil
        if node.isFolder { enter(node, shared) } else { opensFiles = true }
        return true
    }

    /// Whether the process went back to a folder through which it came.
    private func isAbove(_ folder: Node) -> Bool {
        var at = levels.last?.folder ?? finished
        while let seen = at, seen !== folder { at = seen.parent }
        return at != nil
    }

    private mutating func advance(to node: Node, in parent: Node, _ shared: SharedNames) -> Bool {
        if let level = levels.lastIndex(where: { $0.folder === parent }) {
            guard let place = levels[level].place(of: node.name) else { return false }
            levels.removeSubrange((level + 1)...)
            levels[level].next = place + 1
            return true
        }
        // It began in a folder beside: the one above is gone through as a whole.
        guard node.isFolder, let beside = known(in: parent) else { return false }
        if tried?.folder !== parent || tried?.place(of: node.name, isNear: false) == nil {
            tried = Level(parent, shared)
        }
        guard var level = tried, let behind = level.place(of: beside.name, isNear: false) else { return false }
        level.next = behind + 1
        guard let place = level.place(of: node.name) else { return false }
        level.next = place + 1
        levels = [level]
        return true
    }

    /// The folder in a folder in which the walk began, or below which it came to its end.
    private func known(in parent: Node) -> Node? {
        if let first = levels.first { return first.folder.parent === parent ? first.folder : nil }
        var at = finished
        while let seen = at, seen.parent !== parent { at = seen.parent }
        return at
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
            names += 1
            if entry.type == .folder, let folder = shared.folder(entry.name, in: parent) {
                // One that has to be asked for: what is in it can be opened then.
                guard shared.mayBeGiven(folder) else { break }
                levels[level].next += 1
                if let gift = shared.gift(folder, unless: isKept) { gifts.append(gift) }
                enter(folder, shared)
                names += levels.last?.entries.count ?? 0
                continue
            }
            levels[level].next += 1
            if entry.type == .file, opensFiles,
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
}
