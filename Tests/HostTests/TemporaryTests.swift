import Glibc
import Host
import SystemPackage
import TestSupport
import Testing

@Suite struct TemporaryTests {
    private let scratch = ScratchFolder()

    @Test func foldersHaveNamesOfTheirOwnAndAreTheOwnersAlone() throws {
        let folders = [
            try Temporary.folder(in: scratch.path, prefix: "own-"),
            try Temporary.folder(in: scratch.path, prefix: "own-"),
        ]
        #expect(folders[0] != folders[1])
        for folder in folders {
            #expect(folder.string.hasPrefix("\(scratch.path)/own-"))
            #expect(try mode(folder) == S_IFDIR | 0o700)
        }
    }

    @Test func filesHaveNamesOfTheirOwnAndAreTheOwnersAlone() throws {
        let files = [
            try Temporary.file(in: scratch.path, prefix: "own-"), try Temporary.file(in: scratch.path, prefix: "own-"),
        ]
        #expect(files[0].path != files[1].path)
        for file in files {
            #expect(file.path.string.hasPrefix("\(scratch.path)/own-"))
            #expect(try mode(file.path) == S_IFREG | 0o600)
            let written = try file.descriptor.closeAfter { try file.descriptor.writeAll("x".utf8) }
            #expect(written == 1)
        }
    }

    @Test func aFolderThatIsNotThereIsNamed() {
        let missing = scratch.appending("missing")
        #expect {
            try Temporary.folder(in: missing)
        } throws: {
            "\($0)" == "create a folder in \(missing): No such file or directory"
        }
        #expect {
            try Temporary.file(in: missing)
        } throws: {
            "\($0)" == "create a file in \(missing): No such file or directory"
        }
    }

    private func mode(_ path: FilePath) throws -> mode_t {
        var status = stat()
        try #require(lstat(path.string, &status) == 0)
        return status.st_mode
    }
}
