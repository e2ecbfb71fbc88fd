import Glibc
import SystemPackage

/// A synthetic item that is described by values.
final class MadeItem: SyntheticItem {
    let attributes: Attributes
    let content: SyntheticContent

    init(
        _ type: FileType, mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0, inode: UInt64 = 0, _ content: SyntheticContent
    ) {
        var attributes = Attributes(type: type, mode: mode, uid: uid, gid: gid)
        attributes.inode = inode
        self.attributes = attributes
        self.content = content
    }

    init(device mode: UInt32, major: UInt32, minor: UInt32, _ content: SyntheticContent) {
        var attributes = Attributes(type: .characterDevice, mode: mode)
        attributes.deviceMajor = major
        attributes.deviceMinor = minor
        self.attributes = attributes
        self.content = content
    }

    static func file(mode: UInt32 = 0o444, _ read: @escaping (Caller) throws(Errno) -> [UInt8]) -> MadeItem {
        MadeItem(.file, mode: mode, .file(read: read))
    }

    static func text(_ text: String) -> MadeItem {
        MadeItem(.file, mode: 0o444, .file(read: { _ in Array(text.utf8) }))
    }

    /// A copy of what a file of the host says at the moment of opening.
    static func copy(of path: String, mode: UInt32 = 0o444) -> MadeItem {
        MadeItem(
            .file, mode: mode,
            .file(read: { _ throws(Errno) in
                guard let content = readHostFile(path) else { throw .permissionDenied }
                return content
            }))
    }

    /// A file of the host that everybody may read: whoever keeps it open and reads it again finds what it says then.
    static func live(_ path: String) -> MadeItem {
        MadeItem(.file, mode: 0o444, .host(path: Array(path.utf8)))
    }

    static func link(_ target: String) -> MadeItem {
        MadeItem(.link, mode: 0o777, .link(target: { _ in Array(target.utf8) }))
    }

    static func folder(_ folder: any SyntheticFolder, mode: UInt32 = 0o555) -> MadeItem {
        MadeItem(.folder, mode: mode, .folder(folder))
    }
}

/// A synthetic folder with fixed entries.
final class MadeFolder: SyntheticFolder {
    private let items: [Name: MadeItem]
    private let order: [Name]

    convenience init(_ entries: KeyValuePairs<String, MadeItem>) { self.init(entries.map { ($0.key, $0.value) }) }

    init(_ entries: [(String, MadeItem)]) {
        var items: [Name: MadeItem] = [:]
        var order: [Name] = []
        for (name, item) in entries {
            items[Name(name)] = item
            order.append(Name(name))
        }
        self.items = items
        self.order = order
    }

    func item(named name: Name, for caller: Caller) -> (any SyntheticItem)? { items[name] }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        order.map { ($0, items[$0]!.attributes.type) }
    }
}

/// A read-only look at a folder of the host's /proc or /sys. Links stay links; the entries that `allowed` refuses do not exist.
final class MirrorFolder: SyntheticFolder {
    private let path: String
    private let allowed: (String) -> Bool
    /// Entries that replace the host's, by path below this folder.
    private let overrides: (String) -> MadeItem?

    init(
        _ path: String, allowed: @escaping (String) -> Bool = { _ in true },
        overrides: @escaping (String) -> MadeItem? = { _ in nil }
    ) {
        self.path = path
        self.allowed = allowed
        self.overrides = overrides
    }

    func item(named name: Name, for caller: Caller) -> (any SyntheticItem)? {
        guard !name.bytes.contains(UInt8(ascii: "/")), allowed(name.string) else { return nil }
        if let item = overrides(name.string) { return item }
        let below = path + "/" + name.string
        var buffer = Glibc.stat()
        guard lstat(below, &buffer) == 0 else { return nil }
        switch FileType(mode: buffer.st_mode) {
        case .folder:
            let inner = name.string + "/"
            let allowed = allowed
            let overrides = overrides
            return MadeItem.folder(
                MirrorFolder(below, allowed: { allowed(inner + $0) }, overrides: { overrides(inner + $0) }))
        case .link:
            guard let target = hostLink(below) else { return nil }
            return MadeItem(.link, mode: 0o777, .link(target: { _ in target }))
        default:
            return MadeItem.copy(of: below, mode: buffer.st_mode & 0o444)
        }
    }

    func names(for caller: Caller) -> [(name: Name, type: FileType)] {
        hostNames(path).filter { allowed($0.name.string) }
    }
}

/// The entries of a folder of the host.
package func hostNames(_ path: String) -> [(name: Name, type: FileType)] {
    let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return [] }
    defer { close(folder) }
    return ((try? readEntries(folder)) ?? []).map { ($0.name, $0.type) }
}

/// What a symbolic link of the host says; nil when there is none.
func hostLink(_ path: String) -> [UInt8]? {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = target.withUnsafeMutableBytes {
        readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), 4096)
    }
    return count < 0 ? nil : Array(target.prefix(count))
}
