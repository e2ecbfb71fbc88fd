/// The files of a folder in the orders in which programs go through them: as the folder lists them, by inode number, and by
/// name.
package struct FolderListing {
    private let folder: Node
    private let names: [Name]
    private let places: [Name: Int]
    /// Indices into `names`, and each one's rank there.
    private let orders: [(indices: [Int], ranks: [Int])]

    package init(_ folder: Node, _ entries: [ListEntry]) {
        self.folder = folder
        let files = entries.filter { $0.type == .file && !$0.name.isMarker }
        let names = files.map(\.name)
        self.names = names
        places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let texts = names.map(\.bytes)
        let listed = Array(files.indices)
        orders = [
            listed, listed.sorted { files[$0].inode < files[$1].inode },
            listed.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) },
        ].map { indices in
            var ranks = [Int](repeating: 0, count: indices.count)
            for (rank, index) in indices.enumerated() { ranks[index] = rank }
            return (indices, ranks)
        }
    }

    /// Of how many files.
    var count: Int { names.count }

    func isOf(_ folder: Node) -> Bool { self.folder === folder }

    /// The names that come after one, if the last name asked for was `previous` (nil: it was in another folder). None when
    /// these two are not near each other in any order: then nobody goes through the folder.
    package func following(_ name: Name, previous: Name?, count: Int) -> [Name] {
        guard let current = places[name] else { return [] }
        let before = previous.flatMap { places[$0] }
        var best: (step: Int, order: Int)?
        for order in orders.indices {
            let ranks = orders[order].ranks
            let step = ranks[current] - (before.map { ranks[$0] } ?? -1)
            if (1...3).contains(step), step < best?.step ?? 4 { best = (step, order) }
        }
        guard let best else { return [] }
        let (indices, ranks) = orders[best.order]
        return indices[(ranks[current] + 1)...].prefix(count).map { names[$0] }
    }
}
