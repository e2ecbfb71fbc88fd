import CFiles
import Glibc
import Testing

import UnionFileSystem

/// What a process that goes through a tree is given ahead.
@Suite struct TreeWalkTests {
    private let sample: Sample
    private let shared: SharedNames

    init() throws {
        sample = Sample(layers: 1)
        for folder in ["a", "b", "c"] {
            for name in ["file", "inner/file"] { sample.write(folder, sample.layers[0] + "/tree/\(folder)/\(name)") }
        }
        sample.write("", sample.layers[0] + "/tree/private/file")
        chmod(sample.layers[0] + "/tree/private", 0o700)
        sample.write("", sample.layers[0] + "/beside/file")
        try sample.start()
        shared = try #require(sample.files.share())
    }

    /// All below a folder in the order of a walk: as the host lists it.
    private func order(_ path: String, withFiles: Bool) throws -> [String] {
        var found: [String] = []
        for entry in try sample.files.list(try sample.node(path), for: sample.caller) {
            let inner = "\(path)/\(entry.name.string)"
            guard entry.name.string != "private" else { continue }
            if entry.type == .folder {
                found.append(inner)
                found += try order(inner, withFiles: withFiles)
            } else if withFiles {
                found.append(inner)
            }
        }
        return found
    }

    private func goes(_ walk: inout TreeWalk, _ path: String) throws -> Bool {
        let node = try sample.node(path)
        if case .descriptor(let opened) = try sample.files.open(node, for: sample.caller, flags: O_RDONLY) {
            close(opened)
        }
        return walk.goes(to: node, shared)
    }

    /// What is given, by path.
    private func given(_ walk: inout TreeWalk, _ count: Int = 100, kept: Set<UInt64> = []) -> [String] {
        walk.open(count, from: shared) { kept.contains($0) }.map { gift in
            defer { close(gift.descriptor) }
            var path = [CChar](repeating: 0, count: 4096)
            let length = readlink("/proc/self/fd/\(gift.descriptor)", &path, 4095)
            let text = String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return String(text.dropFirst(sample.layers[0].count))
        }
    }

    @Test func theFoldersBelowComeInTheOrderOfTheWalk() throws {
        let all = try order("/tree", withFiles: false)
        var walk = TreeWalk()
        #expect(try !goes(&walk, "/tree"))
        #expect(try goes(&walk, all[0]))
        #expect(given(&walk, 2) == Array(all[1...2]))
        #expect(given(&walk) == Array(all[3...]))
        #expect(given(&walk) == [])
    }

    @Test func whoOpensFilesIsGivenFilesToo() throws {
        let all = try order("/tree", withFiles: true)
        let first = try #require(all.firstIndex { $0.hasSuffix("file") })
        var walk = TreeWalk()
        _ = try goes(&walk, "/tree")
        for path in all[...first] { #expect(try goes(&walk, path)) }
        #expect(given(&walk) == Array(all[(first + 1)...]))
    }

    @Test func itGoesOnWhereTheProcessDoes() throws {
        let all = try order("/tree", withFiles: false)
        var walk = TreeWalk()
        _ = try goes(&walk, "/tree")
        #expect(try goes(&walk, all[2]))
        #expect(try !goes(&walk, all[0]), "what is behind is not gone to")
        #expect(given(&walk) == Array(all[3...]))
    }

    @Test func aWalkThatBeganInsideGoesOnOutside() throws {
        let all = try order("/tree", withFiles: false)
        var walk = TreeWalk()
        #expect(try !goes(&walk, all[0]))
        #expect(try goes(&walk, all[1]))
        #expect(given(&walk) == [], "nobody has looked above")
        #expect(try goes(&walk, all[2]))
        #expect(given(&walk) == Array(all[3...]))
    }

    @Test func whatIsKeptOrHasChangedIsNotGiven() throws {
        let all = try order("/tree", withFiles: false)
        var walk = TreeWalk()
        _ = try goes(&walk, "/tree")
        try sample.put("", all[2] + "/new")
        let kept = try sample.stat(all[3]).ino
        #expect(try goes(&walk, all[0]))
        #expect(given(&walk, kept: [kept]) == [all[1]], "the next one has to be asked for")
        #expect(try goes(&walk, all[2]))
        #expect(given(&walk, kept: [kept]) == Array(all[4...]))
    }

    @Test func inTheWritableFolderNothingIsLookedForAhead() throws {
        for folder in ["/made", "/made/a", "/made/b"] { try sample.mkdir(at: folder) }
        let all = try order("/made", withFiles: false)
        var walk = TreeWalk()
        #expect(try !goes(&walk, "/made"))
        for path in all {
            #expect(try goes(&walk, path))
            #expect(given(&walk) == [])
        }
    }

    @Test func foldersHereAndThereAreNoWalk() throws {
        var walk = TreeWalk()
        for path in ["/tree/a", "/beside", "/tree/b/inner", "/beside"] { #expect(try !goes(&walk, path)) }
        #expect(given(&walk) == [])
    }
}
