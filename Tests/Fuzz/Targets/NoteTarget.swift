import Archive
import UnionFileSystem

/// The attribute in which owner and mode are kept: the manager's reader and the kernel's agree on what they both take.
enum NoteTarget: FuzzTarget {
    static let name = "notes"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        var attributes = Attributes(type: .file, mode: 0o600)
        attributes.apply(note: bytes)
        guard let stat = LayerStat(text: String(decoding: bytes, as: UTF8.self)) else { return }
        precondition(LayerStat(text: stat.text) == stat)
    }
}
