// Walks paths in a buffer of its own: unsafe pointers are at home here.
import CFiles
import Glibc
import SystemPackage

/// How a path is to be looked up (open(2), openat2(2)).
package struct LookupOptions: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A symbolic link at the end is followed.
    package static let followLast = LookupOptions(rawValue: 1)
    package static let noMountCrossing = LookupOptions(rawValue: 2)
    package static let noMagicLinks = LookupOptions(rawValue: 4)
    package static let noLinks = LookupOptions(rawValue: 8)
    package static let beneath = LookupOptions(rawValue: 16)
    package static let inRoot = LookupOptions(rawValue: 32)
    /// The last component is only found, never followed, whatever stands behind it: for calls that make, remove and move names.
    package static let name = LookupOptions(rawValue: 128)
    /// An empty path means the base itself (AT_EMPTY_PATH).
    package static let emptyPath = LookupOptions(rawValue: 64)
}

/// Where a path leads.
package struct Resolution {
    /// The folder that holds the last component.
    package var parent: Node
    /// The last component; empty when the path ended in `.`, `..` or `/`, or in a magic link.
    package var name: Name
    /// Nil when nothing has that name.
    package var place: Place?
    /// The path ended in a slash.
    package var mustBeFolder: Bool

    /// The node, which exists.
    /// - Throws: `ENOENT`; `ENOTDIR` for a file with a slash behind; `ENXIO` for what no name leads to.
    package func node() throws(Errno) -> Node {
        guard case .node(let node) = place else {
            throw place == nil ? .noSuchFileOrDirectory : .noSuchAddressOrDevice
        }
        return node
    }
}

extension FileSystem {
    /// Looks a path up (path_resolution(7)).
    ///
    /// - Parameter base: where a relative path starts.
    /// - Throws: `ENOENT` when a component but the last is missing, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`, `EXDEV`.
    package func resolve(
        _ path: [UInt8], from base: Node, for caller: Caller, _ options: LookupOptions = .followLast
    ) throws(Errno) -> Resolution {
        let end = FileSystem.pathBufferSize
        guard !path.isEmpty else {
            guard options.contains(.emptyPath) else { throw .noSuchFileOrDirectory }
            return Resolution(parent: parent(of: base), name: Name([]), place: .node(base), mustBeFolder: false)
        }
        guard path.count < 4096 else { throw .fileNameTooLong }
        var position = end - path.count
        path.withUnsafeBytes { _ = memcpy(pathBuffer + position, $0.baseAddress!, $0.count) }

        let confined = options.contains(.beneath) || options.contains(.inRoot)
        let root = confined ? base : caller.root
        var current = base
        let slash = UInt8(ascii: "/")
        if pathBuffer[position] == slash {
            if options.contains(.beneath) { throw .improperLink }
            current = root
        }
        var linksLeft = 40

        while true {
            while position < end, pathBuffer[position] == slash { position += 1 }
            if position == end {
                return Resolution(
                    parent: parent(of: current), name: Name([]), place: .node(current), mustBeFolder: true)
            }
            let start = position
            while position < end, pathBuffer[position] != slash { position += 1 }
            let length = position - start
            guard length <= 255 else { throw .fileNameTooLong }
            var rest = position
            while rest < end, pathBuffer[rest] == slash { rest += 1 }
            let isLast = rest == end
            let hasSlash = rest > position

            guard current.isFolder else { throw .notDirectory }
            if !caller.credentials.overridesSearch { try demand(.execute, on: current, for: caller.credentials) }
            if pathBuffer[start] == UInt8(ascii: ".") {
                if length == 1 { continue }
                if length == 2, pathBuffer[start + 1] == UInt8(ascii: ".") {
                    if current === root {
                        if options.contains(.beneath) { throw .improperLink }
                    } else if current !== caller.root {
                        let above = parent(of: current)
                        if options.contains(.noMountCrossing), above.mount !== current.mount { throw .improperLink }
                        current = above
                    }
                    continue
                }
            }
            let name = Name(UnsafeRawBufferPointer(start: pathBuffer + start, count: length))
            let found = try child(of: current, named: name, for: caller)
            shared?.saw(name, in: current, found)
            guard let node = found else {
                guard isLast else { throw .noSuchFileOrDirectory }
                return Resolution(parent: current, name: name, place: nil, mustBeFolder: hasSlash)
            }
            if options.contains(.noMountCrossing), node.mount !== current.mount { throw .improperLink }

            if node.type == .link, !isLast || (hasSlash && !options.contains(.name)) || options.contains(.followLast) {
                guard linksLeft > 0, !options.contains(.noLinks) else { throw .tooManySymbolicLinkLevels }
                linksLeft -= 1
                if case .magic(_, let target)? = node.synthetic?.content {
                    guard !options.contains(.noMagicLinks) else { throw .tooManySymbolicLinkLevels }
                    guard !confined else { throw .improperLink }
                    switch try target(caller) {
                    case .node(let reached):
                        if isLast, !reached.isFolder {
                            guard !hasSlash else { throw .notDirectory }
                            return Resolution(
                                parent: parent(of: reached), name: Name([]), place: .node(reached), mustBeFolder: false)
                        }
                        current = reached
                        continue
                    case .descriptor(let path):
                        guard isLast, !hasSlash else { throw .notDirectory }
                        return Resolution(
                            parent: current, name: Name([]), place: .descriptor(path: path), mustBeFolder: false)
                    }
                }
                let target = try linkTarget(of: node, for: caller)
                shared?.saw(name, in: current, node)
                guard !target.isEmpty else { throw .noSuchFileOrDirectory }
                guard target.count <= position else { throw .fileNameTooLong }
                position -= target.count
                target.withUnsafeBytes { _ = memcpy(pathBuffer + position, $0.baseAddress!, $0.count) }
                if target[0] == slash {
                    if options.contains(.beneath) { throw .improperLink }
                    current = root
                }
                continue
            }
            if isLast {
                guard !hasSlash || node.isFolder || options.contains(.name) else { throw .notDirectory }
                return Resolution(parent: current, name: name, place: .node(node), mustBeFolder: hasSlash)
            }
            current = node
        }
    }

    /// The text of a symbolic link.
    /// - Throws: `EINVAL` when the node is none.
    package func linkTarget(of node: Node, for caller: Caller) throws(Errno) -> [UInt8] {
        let node = node.real
        guard node.type == .link else { throw .invalidArgument }
        if let item = node.synthetic {
            switch item.content {
            case .link(let target): return try target(caller)
            case .magic(let text, _): return try text(caller)
            default: throw .invalidArgument
            }
        }
        if let known = node.linkTarget { return known }
        let tree = node.mount.tree!
        let target = try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            try tree.readLink(descriptor, path)
        }
        if !tree.isVolatile { node.linkTarget = target }
        return target
    }
}

extension Tree {
    /// Reads a symbolic link, or the file that stands in for one.
    func readLink(_ descriptor: CInt, _ path: UnsafePointer<CChar>) throws(Errno) -> [UInt8] {
        var error: CInt = 0
        let target = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, size in
            var count = ukf_readlink(descriptor, path, buffer.baseAddress!, 4096)
            if count == -Int(EINVAL) {
                let file = ukf_open(descriptor, path, O_RDONLY | O_NOFOLLOW, 0)
                count = Int(file)
                if file >= 0 {
                    count = ukf_pread(file, buffer.baseAddress!, 4095, 0)
                    close(file)
                }
            }
            if count < 0 { error = CInt(-count) }
            size = max(count, 0)
        }
        guard error == 0 else { throw Errno(rawValue: error) }
        return target
    }
}
