import CFiles
import Glibc
import SystemPackage
import Testing

import UnionFileSystem

/// Big files of layers on their way into the writable folder.
struct DataCopyTests {
    private static let size = 5 << 20

    /// A layer with a big file, and a file system whose callers can wait; nil where the host clones files.
    private func sample() throws -> Sample? {
        let sample = Sample(layers: 1)
        let path = sample.layers[0] + "/d/big"
        sample.write(String(repeating: "0123456789abcdef", count: Self.size / 16), path)
        chmod(path, 0o640)
        let (file, clone) = (Glibc.open(path, O_RDONLY), Glibc.open(path + "2", O_CREAT | O_WRONLY, 0o600))
        defer {
            close(file)
            close(clone)
            unlink(path + "2")
        }
        if ukf_clone(file, clone) == 0 { return nil }
        try sample.start()
        sample.files.copiesAside = true
        return sample
    }

    private func workFiles(_ sample: Sample) -> [String] { hostNames(sample.folder + "/work").map { $0.name.string } }

    @Test func whoNeedsABigFileWaitsUntilItsDataWasCopiedAside() throws {
        guard let sample = try sample() else { return }
        #expect(throws: FileSystem.mustWait) { try sample.open("/d/big", O_RDWR) }
        let copy = try #require(sample.files.wanted)
        // A second one waits for the same; others go on.
        #expect(throws: FileSystem.mustWait) {
            try sample.files.setMode(0o600, of: sample.node("/d/big"), for: sample.caller)
        }
        #expect(sample.files.wanted === copy)
        #expect(try sample.stat("/d/big").size == UInt64(Self.size))
        copy.finish(copy.run())

        let file = try sample.open("/d/big", O_RDWR)
        defer { close(file) }
        sample.files.drop(copy)
        #expect(sample.content(file).hasPrefix("0123456789abcdef"))
        let shown = try sample.stat("/d/big")
        #expect(shown.size == UInt64(Self.size) && shown.mode & 0o7777 == 0o640)
        #expect(access(sample.upper + "/d/big", F_OK) == 0)
        #expect(workFiles(sample).isEmpty)
    }

    @Test func aCopyThatNobodyTakesGoes() throws {
        guard let sample = try sample() else { return }
        #expect(throws: FileSystem.mustWait) { try sample.open("/d/big", O_RDWR) }
        let copy = try #require(sample.files.wanted)
        copy.finish(copy.run())
        try sample.files.removeFile(sample.bytes("/d/big"), from: sample.files.root, for: sample.caller)
        #expect(throws: Errno.noSuchFileOrDirectory) { try sample.open("/d/big", O_RDWR) }
        sample.files.drop(copy)
        #expect(workFiles(sample).isEmpty)
    }

    @Test func aCopyThatFailsSaysWhyAndIsGone() throws {
        guard let sample = try sample() else { return }
        #expect(throws: FileSystem.mustWait) { try sample.open("/d/big", O_RDWR) }
        try #require(sample.files.wanted).finish(ENOSPC)
        #expect(throws: Errno.noSpace) { try sample.open("/d/big", O_RDWR) }
        #expect(workFiles(sample).isEmpty)
        #expect(access(sample.upper + "/d/big", F_OK) != 0)
    }

    @Test func whatIsCutOffIsNotCopied() throws {
        guard let sample = try sample() else { return }
        close(try sample.open("/d/big", O_RDWR | O_TRUNC))
        #expect(try sample.stat("/d/big").size == 0)
    }
}
