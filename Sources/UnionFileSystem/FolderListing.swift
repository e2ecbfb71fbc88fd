/// The files of a folder in the orders in which programs go through them: as the folder lists them, and by inode number.
package struct FolderListing {
    private weak var folder: Node?
    private let names: [Name]
    private let listed: [Name: Int]
    private let byInode: [Int]
    private let rank: [Int]

    package init(_ folder: Node, _ entries: [ListEntry]) {
        self.folder = folder
        let files = entries.filter { $0.type == .file && !$0.name.isMarker }
        names = files.map(\.name)
        listed = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let order = files.indices.sorted { files[$0].inode < files[$1].inode }
        byInode = order
        var rank = [Int](repeating: 0, count: order.count)
        for (place, index) in order.enumerated() { rank[index] = place }
        self.rank = rank
    }

    func isOf(_ folder: Node) -> Bool { self.folder === folder }

    /// The names that come after one, if the last name asked for was `previous` (nil: it was in another folder). None when
    /// these two are not near each other in either order: then nobody goes through the folder.
    package func following(_ name: Name, previous: Name?, count: Int) -> [Name] {
        guard let current = listed[name] else { return [] }
        let before = previous.flatMap { listed[$0] }
        let step = current - (before ?? -1)
        let inodeStep = rank[current] - (before.map { rank[$0] } ?? -1)
        let isNear = (1...3).contains(step)
        if (1...3).contains(inodeStep), !isNear || inodeStep < step {
            return byInode[(rank[current] + 1)...].prefix(count).map { names[$0] }
        }
        return isNear ? Array(names[(current + 1)...].prefix(count)) : []
    }
}
