import CFiles
import Glibc
import SystemPackage

/// Extended attributes (xattr(7)). What an ordinary user may not set on the host is kept under a name that he may set.
extension FileSystem {
    /// The host's name for an attribute.
    /// - Throws: `EOPNOTSUPP` for a name of no known kind, and for `system.*`: there are no access lists.
    private func hostName(_ name: String) throws(Errno) -> String {
        if name.hasPrefix("user.") {
            guard !name.hasPrefix("user.ukontainer.") else { throw Errno(rawValue: ENODATA) }
            return name
        }
        guard name.hasPrefix("security.") || name.hasPrefix("trusted.") else { throw .notSupportedOnSocket }
        return Tree.xattrPrefix + name
    }

    /// Where a file's attributes are on the host, and what its owner and mode say about them.
    /// - Throws: `EOPNOTSUPP` for what has none: what this kernel makes up.
    private func withXattrs<R>(
        of place: Place, changes: Bool = false,
        _ body: (Tree, Attributes, CInt, UnsafePointer<CChar>) throws(Errno) -> R
    ) throws(Errno) -> R {
        switch place {
        case .node(let node):
            let node = node.real
            guard node.synthetic == nil, let tree = node.mount.tree else { throw .notSupportedOnSocket }
            let attributes = try attributes(of: node)
            return try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
                try body(tree, attributes, descriptor, path)
            }
        case .descriptor(let path):
            guard let (attributes, tree, _) = try nameless(String(decoding: path, as: UTF8.self), changes: changes)
            else {
                throw .notSupportedOnSocket
            }
            // The host's name of a descriptor is a link; what it leads to is meant.
            let file = try withCString(path) { path throws(Errno) in try check(ukf_open(AT_FDCWD, path, oPath, 0)) }
            defer { close(file) }
            return try body(tree, attributes, file, "")
        }
    }

    /// Whether this is no file of the container's tree.
    private func isForeign(_ place: Place) throws(Errno) -> Bool {
        guard case .descriptor(let path) = place else { return false }
        return try nameless(String(decoding: path, as: UTF8.self), changes: false) == nil
    }

    /// getxattr(2).
    package func xattr(_ name: String, of place: Place, for caller: Caller) throws(Errno) -> [UInt8] {
        let host = try hostName(name)
        if name.hasPrefix("trusted."), !caller.credentials.mayAdminister { throw Errno(rawValue: ENODATA) }
        // A pipe or a socket could have some, but nobody sets them.
        if try isForeign(place) { throw Errno(rawValue: ENODATA) }
        return try withXattrs(of: place) { tree, attributes, descriptor, path throws(Errno) in
            if name.hasPrefix("user.") {
                guard attributes.type == .file || attributes.type == .folder else { throw Errno(rawValue: ENODATA) }
                guard attributes.grants(.read, to: caller.credentials) else { throw .permissionDenied }
            }
            guard let value = tree.xattr(host, descriptor, path) else { throw Errno(rawValue: ENODATA) }
            return value
        }
    }

    /// listxattr(2): the names.
    package func xattrNames(of place: Place, for caller: Caller) throws(Errno) -> [String] {
        if case .node(let node) = place, node.synthetic != nil { return [] }
        if try isForeign(place) { return [] }
        return try withXattrs(of: place) { tree, _, descriptor, path in
            tree.xattrNames(descriptor, path).compactMap { name in
                if name.hasPrefix(Tree.xattrPrefix) {
                    let name = String(name.dropFirst(Tree.xattrPrefix.count))
                    return name.hasPrefix("trusted.") && !caller.credentials.mayAdminister ? nil : name
                }
                return name.hasPrefix("user.") && !name.hasPrefix("user.ukontainer.")
                    && !name.hasPrefix("user.overlay.")
                    ? name : nil
            }
        }
    }

    /// Checks what is asked of who changes an attribute, and does it.
    private func changeXattr(
        _ name: String, of place: Place, for caller: Caller,
        _ body: (CInt, UnsafePointer<CChar>, String) throws(Errno) -> Void
    ) throws(Errno) {
        guard !name.hasPrefix("user.ukontainer.") else { throw .notPermitted }
        let host = try hostName(name)
        if !name.hasPrefix("user.") {
            let mayCapabilities = name == "security.capability" && caller.credentials.maySetFileCapabilities
            guard mayCapabilities || caller.credentials.mayAdminister else { throw .notPermitted }
        }
        func demand(_ attributes: Attributes) throws(Errno) {
            guard name.hasPrefix("user.") else { return }
            guard attributes.type == .file || attributes.type == .folder else { throw .notPermitted }
            guard attributes.grants(.write, to: caller.credentials) else { throw .permissionDenied }
        }
        if case .node(let node) = place, node.synthetic == nil {
            try demand(try attributes(of: node))
            try demandWritable(node)
            try copyUp(node.real)
            shared?.forget(node.real)
        }
        try withXattrs(of: place, changes: true) { _, attributes, descriptor, path throws(Errno) in
            try demand(attributes)
            try body(descriptor, path, host)
        }
    }

    /// setxattr(2); `flags` as there.
    package func setXattr(
        _ name: String, to value: [UInt8], flags: CInt, of place: Place, for caller: Caller
    ) throws(Errno) {
        try changeXattr(name, of: place, for: caller) { descriptor, path, host throws(Errno) in
            _ = try check(ukf_setxattr(descriptor, path, host, value, value.count, flags))
        }
    }

    /// removexattr(2).
    package func removeXattr(_ name: String, of place: Place, for caller: Caller) throws(Errno) {
        try changeXattr(name, of: place, for: caller) { descriptor, path, host throws(Errno) in
            _ = try check(ukf_removexattr(descriptor, path, host))
        }
    }
}
