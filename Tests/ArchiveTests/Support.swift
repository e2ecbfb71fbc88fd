import Archive
import Glibc
import SystemPackage

func tar(compression: Compression = .none, _ body: (ArchiveWriter) throws -> Void) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let writer = try ArchiveWriter(compression: compression) { bytes.append(contentsOf: $0) }
    try body(writer)
    try writer.finish()
    return bytes
}

func entries(_ bytes: [UInt8]) throws -> [(entry: ArchiveEntry, content: [UInt8])] {
    let reader = try ArchiveReader(source: ByteSources.bytes(bytes))
    var result: [(ArchiveEntry, [UInt8])] = []
    while let entry = try reader.next() { result.append((entry, try reader.readAll())) }
    return result
}

@discardableResult
func unpack(_ bytes: [UInt8], into folder: FilePath, below: [FilePath] = []) throws -> (entries: Int, bytes: Int64) {
    try LayerUnpacker(into: folder, below: below).unpack(ArchiveReader(source: ByteSources.bytes(bytes)))
}

func text(_ path: FilePath) -> String? {
    guard let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}

func exists(_ path: FilePath) -> Bool {
    var status = stat()
    return lstat(path.string, &status) == 0
}
