import Testing

import UnionFileSystem

@Suite struct FolderListingTests {
    private let folder: Node
    private let listing: FolderListing

    init() throws {
        let sample = Sample(layers: 1)
        try sample.start()
        folder = sample.files.root
        let entries = [("d", 4), ("a", 1), ("e", 5), ("b", 2), ("c", 3)].map {
            ListEntry(name: Name($0.0), type: .file, inode: $0.1)
        }
        listing = FolderListing(folder, entries + [ListEntry(name: Name("x"), type: .folder, inode: 6)])
    }

    private func after(_ name: String, _ previous: String?, _ count: Int = 9) -> [String] {
        listing.following(Name(name), previous: previous.map { Name($0) }, count: count).map(\.string)
    }

    @Test func itFollowsTheOrderInWhichAFolderIsGoneThrough() {
        #expect(after("a", "d") == ["e", "b", "c"])
        #expect(after("b", "a") == ["c", "d", "e"])
        #expect(after("b", "a", 2) == ["c", "d"])
        #expect(after("d", nil) == ["a", "e", "b", "c"])
        #expect(after("c", "b") == [])
    }

    @Test func itFollowsTheOrderOfNamesToo() {
        let entries = [("d", 4), ("a", 9), ("e", 5), ("b", 2), ("c", 7)].map {
            ListEntry(name: Name($0.0), type: .file, inode: $0.1)
        }
        let listing = FolderListing(folder, entries)
        #expect(listing.following(Name("b"), previous: Name("a"), count: 2).map(\.string) == ["c", "d"])
    }

    @Test func whoPicksFilesHereAndThereIsNotFollowed() {
        #expect(after("d", "e") == [])
        #expect(after("x", "d") == [] && after("y", nil) == [])
    }
}
