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

    /// getxattr(2).
    package func xattr(_ name: String, of node: Node, for caller: Caller) throws(Errno) -> [UInt8] {
        let host = try hostName(name)
        guard node.synthetic == nil, let tree = node.mount.tree else { throw .notSupportedOnSocket }
        if name.hasPrefix("trusted."), !caller.credentials.mayAdminister { throw Errno(rawValue: ENODATA) }
        if name.hasPrefix("user.") {
            guard node.type == .file || node.isFolder else { throw Errno(rawValue: ENODATA) }
            try demand(.read, on: node, for: caller.credentials)
        }
        return try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            guard let value = tree.xattr(host, descriptor, path) else { throw Errno(rawValue: ENODATA) }
            return value
        }
    }

    /// listxattr(2): the names.
    package func xattrNames(of node: Node, for caller: Caller) throws(Errno) -> [String] {
        guard node.synthetic == nil, let tree = node.mount.tree else { return [] }
        return try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
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

    private func prepareXattr(_ name: String, of node: Node, for caller: Caller) throws(Errno) -> (Tree, String) {
        guard !name.hasPrefix("user.ukontainer.") else { throw .notPermitted }
        let host = try hostName(name)
        guard node.synthetic == nil, let tree = node.mount.tree else { throw .notSupportedOnSocket }
        if name.hasPrefix("user.") {
            guard node.type == .file || node.isFolder else { throw .notPermitted }
            try demand(.write, on: node, for: caller.credentials)
        } else {
            let mayCapabilities = name == "security.capability" && caller.credentials.maySetFileCapabilities
            guard mayCapabilities || caller.credentials.mayAdminister else { throw .notPermitted }
        }
        try demandWritable(node)
        try copyUp(node)
        return (tree, host)
    }

    /// setxattr(2); `flags` as there.
    package func setXattr(
        _ name: String, to value: [UInt8], flags: CInt, of node: Node, for caller: Caller
    ) throws(Errno) {
        let (tree, host) = try prepareXattr(name, of: node, for: caller)
        try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            _ = try check(ukf_setxattr(descriptor, path, host, value, value.count, flags))
        }
    }

    /// removexattr(2).
    package func removeXattr(_ name: String, of node: Node, for caller: Caller) throws(Errno) {
        let (tree, host) = try prepareXattr(name, of: node, for: caller)
        try tree.at(node, place: node.place) { descriptor, path throws(Errno) in
            _ = try check(ukf_removexattr(descriptor, path, host))
        }
    }
}
