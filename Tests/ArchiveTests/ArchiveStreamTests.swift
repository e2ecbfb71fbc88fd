import Archive
import SystemPackage
import Testing

@Suite("Archive streams")
struct ArchiveStreamTests {
    @Test(
        "What is written with any compression is read back, metadata and all",
        arguments: [Compression.none, .gzip, .zstd, .xz])
    func roundTrip(compression: Compression) throws {
        var file = ArchiveEntry(
            path: "dir/file", kind: .file, mode: 0o4755, userID: 1000, groupID: 70_000_000,
            modified: .init(seconds: 1_700_000_000, nanoseconds: 123_456_789))
        file.attributes = ["user.note": [1, 2, 0, 3], "security.capability": [9]]
        var device = ArchiveEntry(path: "dev/null", kind: .characterDevice, mode: 0o666)
        device.device = (1, 3)
        let bytes = try tar(compression: compression) {
            try $0.write(file, content: Array("hello".utf8))
            try $0.write(ArchiveEntry(path: "link", kind: .symbolicLink, mode: 0o777, link: "/etc/passwd"))
            try $0.write(ArchiveEntry(path: "hard", kind: .hardLink, mode: 0o755, link: "dir/file"))
            try $0.write(device)
        }
        #expect(Compression(prefix: bytes) == compression)
        let read = try entries(bytes)
        #expect(read.count == 4)
        file.size = 5
        #expect(read[0].entry == file)
        #expect(read[0].content == Array("hello".utf8))
        #expect(read[1].entry.kind == .symbolicLink && read[1].entry.link == "/etc/passwd")
        #expect(read[2].entry.kind == .hardLink && read[2].entry.link == "dir/file")
        #expect(read[3].entry.kind == .characterDevice && read[3].entry.device == (1, 3))
    }

    @Test("Names keep their bytes, whatever their normalisation")
    func names() throws {
        let names = ["nfd-e\u{301}", "nfc-\u{e9}", String(repeating: "long/", count: 60) + "name"]
        let bytes = try tar { writer in
            for name in names { try writer.write(ArchiveEntry(path: FilePath(name), kind: .file, mode: 0o644)) }
        }
        #expect(try entries(bytes).map { Array($0.entry.path.string.utf8) } == names.map { Array($0.utf8) })
    }

    @Test("An archive that is cut short is an error, not an end")
    func truncated() throws {
        let bytes = try tar(compression: .gzip) {
            try $0.write(
                ArchiveEntry(path: "a", kind: .file, mode: 0o644),
                content: (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0) })
        }
        #expect(throws: ArchiveError.self) { _ = try entries(Array(bytes.prefix(bytes.count / 2))) }
    }

    @Test("Garbage is an error")
    func garbage() {
        #expect(throws: ArchiveError.self) { _ = try entries(Array(repeating: 0x41, count: 4096)) }
    }

    @Test("A decompressed stream gives the tar's own bytes", arguments: [Compression.none, .gzip, .zstd])
    func decompression(compression: Compression) throws {
        let write: (ArchiveWriter) throws -> Void = {
            try $0.write(
                ArchiveEntry(path: "a", kind: .file, mode: 0o644), content: Array(repeating: 7, count: 300_000))
        }
        let stream = try DecompressedStream(source: ByteSources.bytes(tar(compression: compression, write)))
        var bytes: [UInt8] = []
        while true {
            let more = try stream.read()
            if more.isEmpty { break }
            bytes.append(contentsOf: more)
        }
        #expect(stream.compression == compression)
        #expect(bytes == (try tar(write)))
    }

    @Test("Asynchronous chunks are read by a thread that blocks, and a full channel holds the sender back")
    func channel() async throws {
        let bytes = try tar {
            try $0.write(
                ArchiveEntry(path: "a", kind: .file, mode: 0o644), content: Array(repeating: 1, count: 200_000))
        }
        let channel = ByteChannel(limit: 4096)
        async let read: Int = BlockingWork.run {
            let reader = try ArchiveReader(source: channel.receive)
            var total = 0
            while let entry = try reader.next() { total += Int(entry.size) }
            return total
        }
        for start in stride(from: 0, to: bytes.count, by: 1000) {
            try await channel.send(Array(bytes[start..<min(start + 1000, bytes.count)]))
        }
        channel.end()
        #expect(try await read == 200_000)
    }

    @Test("A channel that fails ends both sides")
    func failure() async throws {
        let channel = ByteChannel(limit: 10)
        channel.fail(ArchiveError.cancelled)
        await #expect(throws: ArchiveError.cancelled) { try await channel.send([1]) }
        #expect(throws: ArchiveError.cancelled) { _ = try channel.receive() }
    }
}
