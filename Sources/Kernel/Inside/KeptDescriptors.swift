// Reads and writes a structure in a process's memory: unsafe pointers at the C boundary.
import CFiles
import CKernel
import Glibc
import SystemPackage
import UnionFileSystem

/// Opening files and folders ahead: a process that opens one after the other gets descriptors of the next ones with the one
/// it asked for, so that its answering code can open those itself.
extension InsideAnswers {
    /// How many descriptors of one file, and of several, are given at once.
    private static let mostCopies = 40
    private static let most = 64

    /// The answer to an open(2) that the answering code makes, whose descriptor is opened already.
    func opened(_ call: CallContext, _ descriptor: CInt, closes: Bool) throws(Errno) -> Reply {
        let process = call.process
        guard call[4] == UKI_REQUEST, process.sites.keeps, isAnsweringCode(call.instructionPointer),
            process.threads.isEmpty, process.unseenThreads == 0, !process.sites.isBorrowed,
            let shared = call.files.shared, let node = call.files.lastOpened, let parent = node.parent
        else { return .descriptor(descriptor, closeOnExec: closes) }
        let isWalk = process.sites.walk.goes(to: node, shared)
        var names: [Name] = []
        var known: ArraySlice<OpeningHistory.Entry> = []
        if isWalk {
            process.sites.ahead = min(InsideAnswers.most, max(4, process.sites.ahead * 2))
        } else if node.isFolder || shared.mayBeKept(node) {
            known = recalled(after: node, in: parent, process, shared)
            if known.isEmpty, !node.isFolder { names = expected(after: node, in: parent, &process.sites, shared) }
        }
        guard isWalk || !known.isEmpty || !names.isEmpty, let page = own(call), page.is_off == 0, page.new_socket == 0
        else { return .descriptor(descriptor, closeOnExec: closes) }
        // The one that was asked for first: it gets the lowest number.
        let number = try call.inject(descriptor, closeOnExec: closes)
        close(descriptor)
        guard page.socket != 0 || connect(call, page) else { return .value(Int(number)) }
        let isRepeated = !names.isEmpty && process.sites.opened[0].copies > 0
        let kept = InsideAnswers.inodes(in: page)
        if !isRepeated {
            // What it does not use is work for nothing.
            let unused = process.sites.given.count { kept.contains($0) }
            if unused * 4 > process.sites.given.count * 3 {
                process.sites.ahead /= 4
                process.sites.walk.wastes()
            }
        }
        var gifts: [uki_kept] = []
        if isWalk {
            gifts = process.sites.walk.open(process.sites.ahead, from: shared) { kept.contains($0) }
        } else if names.isEmpty {
            for entry in known.prefix(process.sites.ahead) {
                if let gift = shared.gift(entry.name, in: entry.folder, isFolder: entry.isFolder, unless: kept.contains)
                {
                    gifts.append(gift)
                }
            }
        } else {
            for name in names.prefix(isRepeated ? names.count : process.sites.ahead) {
                let gift = shared.gift(name, in: parent, isRepeated: isRepeated) { kept.contains($0) }
                if let gift { gifts.append(gift) }
                if !isRepeated { process.sites.opened[0].name = name }
            }
        }
        if !isRepeated { process.sites.given = gifts.map(\.ino) }
        while !gifts.isEmpty {
            send(Array(gifts.prefix(Int(UKI_GIFTS))), to: process.sites.socket)
            gifts.removeFirst(min(gifts.count, Int(UKI_GIFTS)))
        }
        return .value(Int(number))
    }

    /// Of what descriptors are kept, by inode number.
    private static func inodes(in page: uki_own) -> Set<UInt64> {
        withUnsafeBytes(of: page.kept) { bytes in
            var inodes = Set<UInt64>()
            for kept in bytes.bindMemory(to: uki_kept.self) where kept.descriptor != 0 { inodes.insert(kept.ino) }
            return inodes
        }
    }

    /// What is kept ready in a process, by number: its own, and its parent's where it is a child that has not executed
    /// anything yet.
    func keptDescriptors(of process: Process, _ memory: CallerMemory, _ files: FileSystem) -> Set<CInt> {
        guard process.sites.keeps else { return [] }
        var page = uki_own()
        let size = MemoryLayout<uki_own>.size
        let count = withUnsafeMutableBytes(of: &page) { memory.read(process.pid, UInt64(UKI_OWN), into: $0) }
        guard count == size else { return [] }
        var all = [(page.socket, page.socket_dev, page.socket_ino)]
        withUnsafeBytes(of: page.kept) { bytes in
            all += bytes.bindMemory(to: uki_kept.self).map { ($0.descriptor, $0.host_dev, $0.host_ino) }
        }
        // The program may have closed one, and opened another under its number.
        return Set(
            all.filter { number, device, inode in
                guard number >= UKI_FIRST_KEPT,
                    let found = files.identity(behind: HostProcess.descriptorPath(process.pid, number))
                else { return false }
                return found == (device, inode)
            }.map { $0.0 })
    }

    /// Sends descriptors to a process, and closes them here.
    private func send(_ gifts: [uki_kept], to socket: CInt) {
        guard !gifts.isEmpty else { return }
        let descriptors = gifts.map(\.descriptor)
        _ = ukk_send_descriptors(
            socket, gifts, gifts.count * MemoryLayout<uki_kept>.stride, descriptors, CInt(gifts.count))
        for descriptor in descriptors { close(descriptor) }
    }

    /// Gives a process a new socket to get descriptors over.
    private func connect(_ call: CallContext, _ page: uki_own) -> Bool {
        ended(call.process.sites)
        call.process.sites.socket = -1
        var ends: (CInt, CInt) = (-1, -1)
        guard ukk_socket_pair(&ends.0, &ends.1) == 0 else { return false }
        defer { close(ends.1) }
        var page = page
        guard let host = call.files.identity(of: ends.1),
            let number = try? call.inject(ends.1, closeOnExec: true)
        else {
            close(ends.0)
            return false
        }
        (page.socket_dev, page.socket_ino) = host
        page.socket = 0
        page.new_socket = number + 1
        let size = MemoryLayout<uki_own>.offset(of: \.turn)!
        let written: Void? = try? withUnsafeBytes(of: page) { bytes throws(Errno) in
            try call.write(UnsafeRawBufferPointer(rebasing: bytes[..<size]), at: UKI_OWN)
        }
        guard written != nil else {
            close(ends.0)
            return false
        }
        call.process.sites.socket = ends.0
        return true
    }

    /// What a process will open next, going by what it opened before: the same again, or the other files of the folder.
    private func expected(
        after node: Node, in parent: Node, _ sites: inout CallSites, _ shared: SharedNames
    ) -> [Name] {
        let folder = ObjectIdentifier(parent)
        // The file itself again.
        if let index = sites.opened.firstIndex(where: { $0.folder == folder && $0.file == node.number }) {
            var known = sites.opened.remove(at: index)
            known.copies = min(InsideAnswers.mostCopies, max(2, known.copies * 2))
            sites.opened.insert(known, at: 0)
            // One descriptor of a device serves for all that follow.
            return [Name](repeating: node.name, count: node.type == .file ? known.copies : 1)
        }
        // The next one of a folder, perhaps after other folders' files.
        let index = sites.opened.firstIndex { $0.folder == folder && $0.copies == 0 }
        let fresh = CallSites.Opened(folder: folder, file: node.number, name: node.name)
        var names: [Name] = []
        if index != nil || sites.ahead > 0 {
            if index != nil { sites.ahead = min(InsideAnswers.most, max(4, sites.ahead * 2)) }
            let previous = index.map { sites.opened[$0].name }
            names = shared.following(node, previous: previous, count: sites.ahead)
        }
        if let index, !names.isEmpty { sites.opened.remove(at: index) }
        if sites.opened.count == CallSites.mostOpened { sites.opened.removeLast() }
        sites.opened.insert(fresh, at: 0)
        return names
    }

    /// What other processes of the same program opened after the same file.
    private func recalled(
        after node: Node, in parent: Node, _ process: Process, _ shared: SharedNames
    ) -> ArraySlice<OpeningHistory.Entry> {
        guard shared.isWalked(parent),
            !process.sites.opened.contains(where: { $0.file == node.number && $0.copies > 2 })
        else { return [] }
        let next = history(of: process).following(node, in: parent, &process.sites.place, count: InsideAnswers.most)
        if !next.isEmpty { process.sites.ahead = min(InsideAnswers.most, max(8, process.sites.ahead * 2)) }
        return next
    }

    /// The process's page of kept descriptors, made its own if it is a parent's still.
    private func own(_ call: CallContext) -> uki_own? {
        guard var page = try? call.read(uki_own.self, at: UKI_OWN) else { return nil }
        if page.pid == UInt32(call.process.pid) { return page }
        page = uki_own()
        page.pid = UInt32(call.process.pid)
        guard (try? call.write(page, at: UKI_OWN)) != nil else { return nil }
        return page
    }
}
