import Glibc
import Kernel
import Testing

@Suite struct SystemCallDocumentTests {
    /// When this fails: `ukernel --print-syscalls > docs/syscalls.md`.
    @Test func theDocumentIsTheTable() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try #require(fopen("/\(root)/docs/syscalls.md", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == SystemCallDocument.text)
    }
}
