import CFiles
import Glibc
import SystemPackage

/// Looking names up in a tree's places.
extension Tree {
    /// What was found under a name.
    struct Finding {
        var places: UInt128 = 0
        var host = ukf_stat()
        var attributes = Attributes(type: .file, mode: 0)
    }

    /// The child of a folder; nil when there is none.
    func child(of folder: Node, named name: Name) throws(Errno) -> Node? {
        let known = folder.children[name]
        if !isVolatile {
            switch known {
            case .present(let node):
                node.wasUsed = true
                return node
            case .absent: return nil
            case nil: break
            }
        }
        if folder.isRemoved || folder.knowsAllNames { return nil }
        guard let found = try find(name, in: folder, below: -1) else {
            if isVolatile {
                if case .present(let stale) = known { forget(stale) }
            } else {
                folder.children[name] = .absent
            }
            return nil
        }
        if case .present(let node) = known {
            if node.hostID == HostID(found.host), node.type == found.attributes.type { return node }
            forget(node)
        }
        let node = makeNode(found, parent: folder, name: name)
        folder.children[name] = .present(node)
        folder.mount.nodesMade += 1
        return node
    }

    func makeNode(_ found: Finding, parent: Node?, name: Name, mount: Mount? = nil) -> Node {
        let node = Node(
            parent: parent, name: name, mount: mount ?? parent!.mount, type: found.attributes.type, places: found.places
        )
        node.hostID = HostID(found.host)
        remember(found.attributes, of: node, host: found.host)
        if isLayer(node.place) { node.layerStat = LayerStat(found.host) }
        return node
    }

    /// Whether nobody changes what is in a place.
    func isLayer(_ place: Int) -> Bool { !isVolatile && !(isWritable && place == 0) }

    /// Keeps attributes with the node, unless they can change behind its back: in volatile trees, and for a writable file with
    /// several names.
    func remember(_ attributes: Attributes, of node: Node, host: ukf_stat) {
        let isShared = host.nlink > 1 && !node.isFolder && isWritable && node.place == 0
        node.attributes = isVolatile || isShared ? nil : attributes
    }

    /// A node whose name leads to something else now.
    func forget(_ node: Node) {
        guard node.mounted == nil else { return }
        node.parent?.children[node.name] = nil
        node.isRemoved = true
    }

    /// Looks a name up in the places of a folder that come after `below`.
    func find(_ name: Name, in folder: Node, below: Int) throws(Errno) -> Finding? {
        guard isVolatile || !name.isMarker else { return nil }
        guard name.count <= 255 else { throw .fileNameTooLong }
        var found: Finding?
        var rest = folder.places
        if below >= 0 { rest &= ~((2 << UInt128(below)) - 1) }
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest - 1
            let step = try probe(name, in: folder, place: place, hasMore: rest != 0, found: found)
            switch step {
            case .nothing: continue
            case .end: return found
            case .finding(let finding, let isLast):
                found = finding
                if isLast { return found }
            }
        }
        return found
    }

    private enum Step {
        case nothing
        case end
        case finding(Finding, isLast: Bool)
    }

    private func probe(
        _ name: Name, in folder: Node, place: Int, hasMore: Bool, found: Finding?
    ) throws(Errno) -> Step {
        do throws(Errno) {
            return try at(folder, name, place: place) { descriptor, path throws(Errno) in
                var host = ukf_stat()
                try check(ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host))
                let hostType = FileType(mode: host.mode)
                if !isVolatile, hostType == .characterDevice, host.rdev_major == 0, host.rdev_minor == 0 { return .end }
                if var found {
                    // Below a folder only further folders matter; anything else ends there.
                    guard hostType == .folder else { return .end }
                    found.places |= 1 << UInt128(place)
                    return .finding(found, isLast: !hasMore || isOpaque(descriptor, path))
                }
                let finding = Finding(
                    places: 1 << UInt128(place), host: host, attributes: attributes(descriptor, path, host: host))
                return .finding(finding, isLast: hostType != .folder || !hasMore || isOpaque(descriptor, path))
            }
        } catch {
            guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
        }
        guard hasMore, name.count <= 251, mayHoldWhiteouts(folder, place: place) else { return .nothing }
        return isWhitedOut(name, in: folder, place: place) ? .end : .nothing
    }

    /// Whether a place may remove names of a folder from the places below; its listing tells, once it was asked a few times.
    func mayHoldWhiteouts(_ folder: Node, place: Int) -> Bool {
        let bit: UInt128 = 1 << UInt128(place)
        if folder.placesWithoutWhiteouts & bit != 0 { return false }
        if folder.placesAskedForWhiteouts & bit != 0 { return true }
        guard folder.whiteoutLooks == 4 else {
            folder.whiteoutLooks += 1
            return true
        }
        folder.placesAskedForWhiteouts |= bit
        guard let entries = try? entries(of: folder, place: place) else { return true }
        if entries.contains(where: { $0.name.isMarker && !$0.name.isOwnMarker }) { return true }
        folder.placesWithoutWhiteouts |= bit
        return false
    }

    /// Whether nothing can lie hidden under a name of a folder that nobody has: it was not taken away in the writable place.
    func hidesNothing(underAbsentNameIn folder: Node) -> Bool {
        !folder.isMerged || !mayHoldWhiteouts(folder, place: 0)
    }

    /// Whether a place removes a name from the places below.
    func isWhitedOut(_ name: Name, in folder: Node, place: Int) -> Bool {
        var host = ukf_stat()
        return
            (try? at(folder, name.whiteout, place: place) { descriptor, path in
                ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host) == 0
            }) ?? false
    }

    /// Whether a folder of a place hides the places below.
    func isOpaque(_ descriptor: CInt, _ path: UnsafePointer<CChar>) -> Bool {
        guard !isVolatile else { return true }
        var value: UInt8 = 0
        for attribute in ["user.overlay.opaque", "trusted.overlay.opaque"] {
            if ukf_getxattr(descriptor, path, attribute, &value, 1) == 1, value == UInt8(ascii: "y") { return true }
        }
        var host = ukf_stat()
        let marker = String(cString: path) + "/.wh..wh..opq"
        return ukf_stat(descriptor, marker, AT_SYMLINK_NOFOLLOW, &host) == 0
    }

    /// The host's stat of a node's file in its topmost place.
    func hostStat(_ node: Node) throws(Errno) -> ukf_stat {
        var host = ukf_stat()
        try at(node, place: node.place) { descriptor, path throws(Errno) in
            _ = try check(ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host))
        }
        return host
    }

    /// The host's stat and what the container sees of it.
    func stat(_ node: Node) throws(Errno) -> (host: ukf_stat, attributes: Attributes) {
        if let known = node.layerStat, let attributes = node.attributes { return (known.host, attributes) }
        var host = ukf_stat()
        var attributes = node.attributes
        try at(node, place: node.place) { descriptor, path throws(Errno) in
            try check(ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host))
            if attributes == nil { attributes = self.attributes(descriptor, path, host: host) }
        }
        if isLayer(node.place), node.attributes != nil { node.layerStat = LayerStat(host) }
        // Of its several names only this one may be left.
        if node.attributes == nil { remember(attributes!, of: node, host: host) }
        return (host, attributes!)
    }
}
