import Archive

/// Archives, with whatever libarchive knows of compression, read to their end.
enum TarTarget: FuzzTarget {
    static let name = "tar"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        do {
            let reader = try ArchiveReader(source: ByteSources.bytes([UInt8](bytes)))
            for _ in 0..<1000 {
                guard let entry = try reader.next() else { return }
                if entry.kind == .file { _ = try reader.readAll(limit: 1 << 20) }
            }
        } catch {}
    }
}
