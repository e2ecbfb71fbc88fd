import CFiles
import Glibc
import SystemPackage

/// Removing and renaming.
extension FileSystem {
    /// unlink(2).
    package func removeFile(_ path: [UInt8], from base: Node, for caller: Caller) throws(Errno) {
        let found = try resolve(path, from: base, for: caller, .name)
        let node = try found.node()
        guard !found.name.isEmpty else { throw .isDirectory }
        if found.mustBeFolder { throw node.isFolder ? .isDirectory : .notDirectory }
        try demandRemovable(node, in: found.parent, for: caller)
        if node.isFolder { throw .isDirectory }
        try removeName(node.real, in: found.parent.real)
    }

    /// rmdir(2).
    package func removeFolder(_ path: [UInt8], from base: Node, for caller: Caller) throws(Errno) {
        let found = try resolve(path, from: base, for: caller, .name)
        let node = try found.node()
        guard !found.name.isEmpty else {
            let last = path.split(separator: UInt8(ascii: "/")).last ?? []
            if last == [UInt8(ascii: ".")] { throw .invalidArgument }
            if last == [UInt8(ascii: "."), UInt8(ascii: ".")] { throw .directoryNotEmpty }
            throw .resourceBusy
        }
        try demandRemovable(node, in: found.parent, for: caller)
        guard node.isFolder else { throw .notDirectory }
        if try removeUnmerged(node.real, in: found.parent.real) { return }
        guard try list(node, for: caller).isEmpty else { throw .directoryNotEmpty }
        try removeName(node.real, in: found.parent.real)
    }

    /// Checks what unlink, rmdir and rename ask of a name that goes away (the sticky bit: inode(7)).
    private func demandRemovable(_ node: Node, in parent: Node, for caller: Caller) throws(Errno) {
        try demand([.write, .execute], on: parent, for: caller.credentials)
        if parent.mount.isReadonly { throw .readOnlyFileSystem }
        guard node.parent != nil, node.mounted == nil, node.real.mounted == nil else { throw .resourceBusy }
        guard node.real.mount.tree != nil, node.synthetic == nil else { throw .notPermitted }
        try demandWritable(parent)
        let above = try attributes(of: parent)
        if above.mode & 0o1000 != 0, !caller.credentials.actsAsOwner, above.uid != caller.credentials.uid {
            guard try attributes(of: node).uid == caller.credentials.uid else { throw .notPermitted }
        }
    }

    private func removeName(_ node: Node, in parent: Node) throws(Errno) {
        let tree = parent.mount.tree!
        let name = node.name
        try copyUp(parent)
        if parent.isMerged, !node.coversNothing, try tree.find(name, in: parent, below: 0) != nil {
            try tree.writeWhiteout(name, in: parent)
        }
        if node.place == 0 {
            if node.isFolder {
                try removeHostFolder(node)
            } else {
                try tree.at(node, place: 0) { descriptor, path throws(Errno) in
                    _ = try check(ukf_unlink(descriptor, path, 0))
                }
            }
        }
        retire(node)
        parent.children[name] = tree.isVolatile ? nil : .absent
        shared?.saw(name, in: parent, nil)
    }

    /// Leaves it to the host to say whether a folder is empty, where nothing lies below and nothing is mounted in it.
    /// - Returns: false when there is something in it, which may be markers.
    private func removeUnmerged(_ node: Node, in parent: Node) throws(Errno) -> Bool {
        guard node.places == 1, !parent.isMerged || node.coversNothing,
            !node.children.values.contains(where: { $0.isMadeUp })
        else {
            return false
        }
        let tree = parent.mount.tree!
        let removed = try tree.at(node, place: 0) { descriptor, path in ukf_unlink(descriptor, path, AT_REMOVEDIR) }
        if removed == -ENOTEMPTY || removed == -EEXIST { return false }
        try check(removed)
        retire(node)
        parent.children[node.name] = tree.isVolatile ? nil : .absent
        shared?.saw(node.name, in: parent, nil)
        return true
    }

    /// Removes a folder of the writable place, in which there are markers at the most.
    private func removeHostFolder(_ node: Node) throws(Errno) {
        let tree = node.mount.tree!
        try tree.at(node, place: 0) { descriptor, path throws(Errno) in
            let removed = ukf_unlink(descriptor, path, AT_REMOVEDIR)
            if removed == 0 { return }
            guard removed == -ENOTEMPTY || removed == -EEXIST, !tree.isVolatile else { throw Errno(rawValue: -removed) }
            let working = tree.nextWorkName()
            try check(withCString(working) { ukf_rename(descriptor, path, tree.work, $0, 0) })
            try removeHostEntry(working, .folder, in: tree.work)
        }
    }

    private func retire(_ node: Node) {
        node.isRemoved = true
        if node.isFolder { node.mount.tree?.keptFolders.drop(node) }
        shared?.forget(node)
        guard let id = node.hostID, openedNodes.removeValue(forKey: id) != nil else { return }
        // The layer keeps the file: who has it open is told that it is gone.
        if node.place != 0, !node.isFolder { removedLayerFiles.insert(id) }
    }

    /// rename(2), renameat2(2) with RENAME_NOREPLACE (1) or RENAME_EXCHANGE (2).
    package func rename(
        _ oldPath: [UInt8], from oldBase: Node, to newPath: [UInt8], from newBase: Node, for caller: Caller,
        flags: UInt32
    ) throws(Errno) {
        guard flags == 0 || flags == 1 || flags == 2 else { throw .invalidArgument }
        var old = try resolve(oldPath, from: oldBase, for: caller, .name)
        var new = try resolve(newPath, from: newBase, for: caller, .name)
        guard !old.name.isEmpty, !new.name.isEmpty else { throw .resourceBusy }
        var node = try old.node()
        var target: Node? = if new.place == nil { nil } else { try new.node() }
        if flags == 1, target != nil { throw .fileExists }
        if flags == 2, target == nil { throw .noSuchFileOrDirectory }
        guard old.parent.mount === new.parent.mount else { throw .improperLink }
        if flags == 2, new.mustBeFolder, !target!.isFolder { throw .notDirectory }
        if !node.isFolder, old.mustBeFolder || (flags != 2 && new.mustBeFolder) { throw .notDirectory }
        if node === target { return }
        if let target, let id = node.real.hostID, !node.isFolder, target.real.hostID == id { return }

        if node.isFolder, new.parent.isWithin(node) { throw .invalidArgument }
        if let target, old.parent.isWithin(target) { throw flags == 2 ? .invalidArgument : .directoryNotEmpty }
        try demandRemovable(node, in: old.parent, for: caller)
        try demand([.write, .execute], on: new.parent, for: caller.credentials)
        try demandWritable(new.parent)
        guard !new.parent.isRemoved else { throw .noSuchFileOrDirectory }
        if let target {
            try demandRemovable(target, in: new.parent, for: caller)
            if flags == 0, target.isFolder != node.isFolder { throw target.isFolder ? .isDirectory : .notDirectory }
        }
        if node.isFolder, old.parent !== new.parent { try demand(.write, on: node, for: caller.credentials) }
        if flags == 2, let target, target.isFolder, old.parent !== new.parent {
            try demand(.write, on: target, for: caller.credentials)
        }
        if flags == 0, let target, target.isFolder {
            guard try list(target, for: caller).isEmpty else { throw .directoryNotEmpty }
        }
        let (oldBound, newBound) = (old.parent, new.parent)
        let (boundNode, boundTarget) = (node, target)
        (node, target) = (node.real, target?.real)
        (old.parent, new.parent) = (old.parent.real, new.parent.real)
        let tree = old.parent.mount.tree!
        guard tree.isVolatile || !new.name.isMarker else { throw .notPermitted }
        try copyUp(old.parent)
        try copyUp(new.parent)
        try lift(node, to: new.name, in: new.parent, for: caller)
        if flags == 2 { try lift(target!, to: old.name, in: old.parent, for: caller) }

        if flags != 2 {
            if old.parent.isMerged, !node.coversNothing, try tree.find(old.name, in: old.parent, below: 0) != nil {
                try tree.writeWhiteout(old.name, in: old.parent)
            }
            if let target, target.isFolder, target.place == 0 {
                // The layers' folder of that name, if any, stays hidden: by the one that comes.
                if new.parent.isMerged, !target.coversNothing, try tree.find(new.name, in: new.parent, below: 0) != nil
                {
                    try tree.writeWhiteout(new.name, in: new.parent)
                }
                try removeHostFolder(target)
            }
        }
        try tree.at(old.parent, old.name, place: 0) { from, source throws(Errno) in
            try tree.at(new.parent, new.name, place: 0) { to, destination throws(Errno) in
                _ = try check(ukf_rename(from, source, to, destination, flags & 2))
            }
        }
        let coversNothing = target?.coversNothing ?? tree.hidesNothing(underAbsentNameIn: new.parent)
        if !coversNothing { try tree.clearWhiteout(new.name, in: new.parent) }
        if let shared {
            for moved in [node, target].compactMap({ $0 }) where moved.isFolder { shared.forgetAll(below: moved) }
            shared.forget(old.name, in: old.parent)
            shared.forget(new.name, in: new.parent)
        }
        if flags == 2 {
            let other = target!
            other.coversNothing = node.coversNothing
            place(node, new.name, in: new.parent)
            place(other, old.name, in: old.parent)
        } else {
            if let target { retire(target) }
            old.parent.children[old.name] = tree.isVolatile ? nil : .absent
            shared?.saw(old.name, in: old.parent, nil)
            place(node, new.name, in: new.parent)
        }
        node.coversNothing = coversNothing
        if boundNode.origin != nil {
            oldBound.children[old.name] = nil
            place(boundNode, new.name, in: newBound)
            if flags == 2, let boundTarget { place(boundTarget, old.name, in: oldBound) }
        }
        try markIfSpecial(node, in: new.parent)
        if flags == 2 { try markIfSpecial(target!, in: old.parent) }
    }

    /// A folder tells by a marker that its listing is not to be left to the host.
    private func markIfSpecial(_ node: Node, in parent: Node) throws(Errno) {
        let tree = parent.mount.tree!
        guard !tree.isVolatile else { return }
        if let known = node.attributes, let id = node.hostID, node.type == .file || node.isFolder {
            // No placeholder: only its inode number may be another.
            if id.inode != known.inode { try tree.markSpecial(parent) }
            return
        }
        guard let found = try? tree.stat(node) else { return }
        if FileType(mode: found.host.mode) != node.type || found.host.ino != found.attributes.inode {
            try tree.markSpecial(parent)
        }
    }

    /// Brings what is to be renamed into the writable place, whole, so that it hides what the layers have under its new name.
    private func lift(_ node: Node, to name: Name, in parent: Node, for caller: Caller) throws(Errno) {
        guard node.isFolder else {
            try copyUp(node)
            return
        }
        let tree = node.mount.tree!
        try copyUpTree(node, for: caller)
        if parent.isMerged, try tree.find(name, in: parent, below: 0) != nil { try tree.makeOpaque(node) }
    }

    private func place(_ node: Node, _ name: Name, in parent: Node) {
        node.parent = parent
        node.name = name
        parent.children[name] = .present(node)
    }
}
