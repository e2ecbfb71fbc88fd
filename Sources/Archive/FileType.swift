/// File types of inode(7). libarchive's header and glibc's both define the C names, differently.
enum FileType {
    static let mask: UInt32 = 0o170000
    static let file: UInt32 = 0o100000
    static let folder: UInt32 = 0o040000
    static let symbolicLink: UInt32 = 0o120000
    static let characterDevice: UInt32 = 0o020000
    static let blockDevice: UInt32 = 0o060000
    static let fifo: UInt32 = 0o010000
    static let socket: UInt32 = 0o140000
}

extension ArchiveEntry.Kind {
    /// The kind that the type bits of a mode name.
    init(fileType: UInt32) {
        switch fileType & FileType.mask {
        case FileType.file: self = .file
        case FileType.folder: self = .folder
        case FileType.symbolicLink: self = .symbolicLink
        case FileType.characterDevice: self = .characterDevice
        case FileType.blockDevice: self = .blockDevice
        case FileType.fifo: self = .fifo
        default: self = .other
        }
    }
}
