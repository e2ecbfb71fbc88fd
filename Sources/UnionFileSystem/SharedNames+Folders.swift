// Tells of all names of a folder at once: unsafe pointers at the C boundary.
import CFiles
import Glibc
import SystemPackage

/// Whole folders: their names, and what they do not hold.
extension SharedNames {
    static let mostEntries = 4096

    /// Tells all of a folder's names at once: whoever opens a folder mostly wants to know what is in it.
    ///
    /// - Parameter known: a descriptor of the folder, which is read, and is at its start again afterwards.
    func tellAll(of folder: Node, _ known: CInt? = nil) {
        let number = number(of: folder)
        guard number != 0, !folder.isMerged, let tree = folder.mount.tree, !(tree.isWritable && folder.place == 0),
            folder.sharedListing != header.pointee.generation
        else { return }
        folder.sharedListing = header.pointee.generation
        let opened =
            known
            ?? (try? tree.at(folder, place: folder.place) { descriptor, path in
                ukf_open(descriptor, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
            })
        guard let opened, opened >= 0 else { return }
        defer { if known == nil { close(opened) } else { lseek(opened, 0, SEEK_SET) } }
        guard let entries = try? readEntries(opened), entries.count <= SharedNames.mostEntries else { return }
        listed = (folder, entries)
        bound(folder, entries)
        for entry in entries where entry.name.count <= Int(UKI_TEXT) && !entry.name.isMarker {
            if let known = folder.children[entry.name] {
                guard case .present(let node) = known else { continue }
                if node.mounted == nil, node.synthetic == nil, (try? tree.stat(node)) != nil {
                    saw(entry.name, in: folder, node)
                }
                continue
            }
            tell(entry.name, number, in: folder, tree, opened)
        }
        guard grow() else { return }
        lseek(opened, 0, SEEK_SET)
        tellAll(of: folder, opened)
    }

    private static let mostInBounds = 600

    /// Tells that a folder holds nothing but `entries`: so what is not there is known, too.
    func bound(_ folder: Node, _ entries: [ListEntry]) {
        let number = number(of: folder)
        guard number != 0, !folder.isMerged, folder.origin == nil, entries.count <= SharedNames.mostInBounds else {
            return
        }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Int(UKI_FOLDER_BITS) / 64) { bits in
            bits.initialize(repeating: 0)
            let start = bits.baseAddress!
            for entry in entries {
                withBytes(of: entry.name) { uki_admit(start, number, $0.baseAddress!, UInt32($0.count)) }
            }
            // Mount points that no folder of the host holds.
            for (name, child) in folder.children {
                guard case .present = child else { continue }
                withBytes(of: name) { uki_admit(start, number, $0.baseAddress!, UInt32($0.count)) }
            }
            uki_publish_folder(table, number, start)
        }
    }

    /// A folder of the writable place is opened to be listed: tells what it holds at the most, unless that is told already.
    func bound(_ folder: Node, listing descriptor: CInt) {
        let number = number(of: folder)
        guard number != 0, !folder.isMerged, uki_is_bounded(table, number) == 0 else { return }
        defer { lseek(descriptor, 0, SEEK_SET) }
        guard let entries = try? readEntries(descriptor) else { return }
        bound(folder, entries)
    }

    private func tell(_ name: Name, _ number: UInt32, in folder: Node, _ tree: Tree, _ descriptor: CInt) {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer in
            let count = name.copy(to: buffer.baseAddress!)
            buffer[count] = 0
            let path = UnsafePointer(buffer.baseAddress!.assumingMemoryBound(to: CChar.self))
            var host = ukf_stat()
            guard ukf_stat(descriptor, path, AT_SYMLINK_NOFOLLOW, &host) == 0 else { return }
            let attributes = tree.attributes(descriptor, path, host: host)
            if attributes.type == .characterDevice, attributes.deviceMajor == 0, attributes.deviceMinor == 0 { return }
            var value = uki_name()
            value.folder = number
            value.kind = UInt8(UKI_PRESENT)
            value.type = attributes.type.rawValue
            if FileType(mode: host.mode) == .file, attributes.type == .file,
                isPlain(HostID(host), attributes, folder.mount)
            {
                value.flags |= UInt8(UKI_IS_PLAIN)
            }
            files.show(attributes, on: folder.mount, in: &host)
            fill(&value, host)
            if !folder.mount.forbidsPrograms { value.flags |= UInt8(UKI_HAS_MODE) }
            guard attributes.type == .link else { return uki_publish(table, &value, path, UInt32(count), nil, 0) }
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { target in
                let length = ukf_readlink(descriptor, path, target.baseAddress!, 4096)
                uki_publish(table, &value, path, UInt32(count), target.baseAddress!, UInt32(max(0, length)))
            }
        }
    }
}
