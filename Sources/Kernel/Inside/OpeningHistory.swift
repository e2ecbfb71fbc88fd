import UnionFileSystem

/// In which order processes of one program opened what they opened: those that run it later mostly do the same again, as
/// python3 does with its modules, and cc1 with headers.
final class OpeningHistory {
    struct Entry {
        let folder: Node
        let name: Name
        let isFolder: Bool
    }

    /// Up to where a process did as others had done before it, and where it was last when it opened something out of turn.
    struct Place {
        fileprivate var next = 0
        fileprivate var aside = 0
    }

    private var entries: [Entry] = []
    private static let most = 256
    /// How much a process may pass over.
    private static let near = 32

    /// A process at a place opened `node`. What comes next: `count` at the most, and nothing when it is not known from others.
    func following(_ node: Node, in folder: Node, _ place: inout Place, count: Int) -> ArraySlice<Entry> {
        func index(from start: Int, _ end: Int) -> Int? {
            let end = min(end, entries.count)
            guard start < end else { return nil }
            return entries[start..<end].firstIndex { $0.folder === folder && $0.name == node.name }
        }
        for start in [place.next, place.aside] {
            if let index = index(from: start, start + OpeningHistory.near) {
                place = Place(next: index + 1, aside: index + 1)
                return entries[place.next...].prefix(count)
            }
        }
        if let index = index(from: 0, entries.count) {
            place.aside = index + 1
            return []
        }
        // Programs that open something else each time begin anew some time.
        if entries.count == OpeningHistory.most { (entries, place) = ([], Place()) }
        let index = min(place.next, entries.count)
        entries.insert(Entry(folder: folder, name: node.name, isFolder: node.isFolder), at: index)
        place = Place(next: index + 1, aside: index + 1)
        return []
    }
}
