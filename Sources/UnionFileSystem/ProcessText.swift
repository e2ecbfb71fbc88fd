import CFiles
import Glibc
import SystemPackage

/// What /proc/PID's files say: the host's text, with the container's numbers and paths in it.
extension FileSystem {
    /// A caller for whom everything is allowed.
    package func kernelCaller() -> Caller {
        Caller(root: root, folder: root, credentials: .kernel, process: 0, hostProcess: 0, hostThread: 0)
    }

    /// What the host says in a file of a process's folder.
    ///
    /// - Throws: ENOENT when the process has gone since its name was looked up: an empty file would be something that no
    ///   program has to expect.
    func hostText(_ host: String, _ name: String) throws(Errno) -> [UInt8] {
        if let text = readHostFile("\(host)/\(name)") { return text }
        throw access(host, F_OK) == 0 ? .permissionDenied : .noSuchFileOrDirectory
    }

    func statusText(
        of view: ProcessView, thread: Int32?, host: String, for caller: Caller
    ) throws(Errno) -> [UInt8] {
        let text = String(decoding: try hostText(host, "status"), as: UTF8.self)
        let pid = thread.map { $0 == view.hostNumber ? view.number : $0 } ?? view.number
        func hex(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        var result = ""
        for line in text.split(separator: "\n") {
            let key = line.prefix { $0 != ":" }
            let value: String? =
                switch key {
                case "Umask":
                    String(repeating: "0", count: max(0, 4 - String(view.umask, radix: 8).count))
                        + String(view.umask, radix: 8)
                // The caller waits for this very answer; to itself it runs.
                case "State" where view.hostNumber == caller.hostProcess: "R (running)"
                case "Tgid", "NStgid": "\(view.number)"
                case "Pid", "NSpid": "\(pid)"
                case "PPid": "\(view.parent)"
                case "TracerPid": line.split(separator: "\t").last.map { "\(number(ofHost: $0))" }
                case "NSpgid", "NSsid": line.split(separator: "\t").last.map { "\(number(ofHost: $0))" }
                case "Uid": "\(view.uids.real)\t\(view.uids.effective)\t\(view.uids.saved)\t\(view.uids.file)"
                case "Gid": "\(view.gids.real)\t\(view.gids.effective)\t\(view.gids.saved)\t\(view.gids.file)"
                case "Groups": view.groups.map { "\($0) " }.joined()
                case "CapInh": hex(view.capabilities.inheritable)
                case "CapPrm": hex(view.capabilities.permitted)
                case "CapEff": hex(view.capabilities.effective)
                case "CapBnd": hex(view.capabilities.bounding)
                case "CapAmb": hex(view.capabilities.ambient)
                case "NoNewPrivs": view.noNewPrivileges ? "1" : "0"
                case "Seccomp", "Seccomp_filters": "0"
                default: nil
                }
            result += value.map { "\(key):\t\($0)\n" } ?? "\(line)\n"
        }
        return Array(result.utf8)
    }

    private func number(ofHost text: Substring) -> Int32 {
        guard let pid = Int32(text), pid > 0 else { return 0 }
        return processes?.number(ofHost: pid) ?? 0
    }

    func statText(of view: ProcessView, thread: Int32?, host: String, for caller: Caller) throws(Errno) -> [UInt8] {
        let text = String(decoding: try hostText(host, "stat"), as: UTF8.self)
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else {
            throw .noSuchFileOrDirectory
        }
        var fields = text[text.index(after: close)...].split(separator: " ").map { String($0) }
        guard fields.count > 6 else { throw .noSuchFileOrDirectory }
        let pid = thread.map { $0 == view.hostNumber ? view.number : $0 } ?? view.number
        if view.hostNumber == caller.hostProcess { fields[0] = "R" }
        fields[1] = "\(view.parent)"
        for index in [2, 3] { fields[index] = "\(number(ofHost: Substring(fields[index])))" }
        if fields[5] != "-1" { fields[5] = "\(number(ofHost: Substring(fields[5])))" }
        return Array("\(pid) \(text[open...close]) \(fields.joined(separator: " "))".utf8)
    }

    /// Puts the container's paths into the text of /proc/PID/maps, and leaves out what is the kernel's own.
    func mapsText(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var isHidden = false
        for line in text.split(separator: UInt8(ascii: "\n")) {
            // In smaps more lines follow the one with the addresses; theirs begin with a capital letter.
            if let first = line.first, first >= UInt8(ascii: "a") || first <= UInt8(ascii: "9") {
                isHidden = isKernels(line)
            }
            if isHidden { continue }
            guard let slash = line.firstIndex(of: UInt8(ascii: "/")) else {
                result += line
                result.append(UInt8(ascii: "\n"))
                continue
            }
            result += line[..<slash]
            if let path = virtualPath(ofHost: line[slash...]) {
                result += path
            } else {
                // A name of the host that means nothing here. The loader is no file at all to who looks from inside.
                let name = Array(line[slash...].split(separator: UInt8(ascii: "/")).last ?? [])
                result += name.elementsEqual("ukloader".utf8) ? Array("[ukloader]".utf8) : [UInt8(ascii: "/")] + name
            }
            result.append(UInt8(ascii: "\n"))
        }
        return result
    }

    /// Whether a line of /proc/PID/maps tells of the page or the table of the answering code.
    private func isKernels(_ line: ArraySlice<UInt8>) -> Bool {
        var start: UInt64 = 0
        for byte in line {
            if byte == UInt8(ascii: "-") { break }
            start = start << 4 | UInt64(byte < 0x40 ? byte &- 0x30 : byte &- 0x57)
        }
        return start == UKI_PAGE || (UKI_TABLE..<UKI_TABLE + UInt64(UKI_TABLE_SIZE)).contains(start)
    }

    /// The container's path of a path of the host, when it lies in one of our places.
    func virtualPath(ofHost path: some Collection<UInt8>) -> [UInt8]? {
        var found: (mount: Mount, rest: [UInt8])?
        var longest = -1
        for mount in mounts.reversed() {
            for place in mount.tree?.places ?? [] where place.path.count > longest {
                guard let rest = suffix(of: path, below: place) else { continue }
                found = (mount, [UInt8](rest))
                longest = place.path.count
            }
        }
        guard let found else { return nil }
        guard let point = found.mount.point else { return found.rest }
        guard let shown = self.path(of: point, from: root) else { return nil }
        return (shown == [UInt8(ascii: "/")] ? [] : shown) + found.rest
    }

    private func suffix<C: Collection<UInt8>>(of path: C, below place: Tree.Place) -> C.SubSequence? {
        guard path.starts(with: place.path) else { return nil }
        var rest = path.dropFirst(place.path.count == 1 ? 0 : place.path.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return nil }
        if let file = place.fileName {
            guard rest.dropFirst().elementsEqual(file.bytes) else { return nil }
            rest = rest.dropFirst(rest.count)
        }
        return rest
    }

    /// The text of /proc/PID/fd/N; `path` is the host's.
    package func descriptorText(_ path: String, for caller: Caller) throws(Errno) -> [UInt8] {
        if let node = try node(behind: path), let shown = self.path(of: node, from: caller.root) { return shown }
        var target = [UInt8](repeating: 0, count: 4096)
        let count = try check(ukf_readlink(AT_FDCWD, path, &target, 4096))
        target.removeLast(4096 - count)
        guard target.first == UInt8(ascii: "/") else { return target }
        if let shown = virtualPath(ofHost: target) { return shown }
        if target.starts(with: "/dev/".utf8) || target.starts(with: "/memfd:".utf8) { return target }
        var stat = ukf_stat()
        if ukf_stat(AT_FDCWD, path, 0, &stat) == 0, let handle = handles[HostID(stat)] {
            return (self.path(of: handle.node, from: caller.root) ?? [])
                + Array((handle.node.isRemoved ? " (deleted)" : "").utf8)
        }
        // A name of the host that means nothing here: standard streams come as fifos.
        if FileType(mode: stat.mode) == .fifo { return Array("pipe:[\(stat.ino)]".utf8) }
        return Array("/".utf8) + (target.split(separator: UInt8(ascii: "/")).last ?? [])
    }

    /// The node that a descriptor of a process, given as the host's /proc/PID/fd/N, stands for; nil when no name leads to it.
    package func node(behind path: String) throws(Errno) -> Node? {
        var stat = ukf_stat()
        try check(ukf_stat(AT_FDCWD, path, 0, &stat))
        return node(behind: path, stat: stat)
    }

    /// The same, for who has the host's stat already. `path` is needed for what was not opened here lately.
    package func node(behind path: @autoclosure () -> String, stat: ukf_stat) -> Node? {
        let id = HostID(stat)
        if let handle = handles[id] { return handle.node }
        var likely: Node?
        if let node = openedNodes[id], !node.isRemoved {
            guard node.mount.tree!.isVolatile else { return node }
            likely = node
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = ukf_readlink(AT_FDCWD, path(), &buffer, 4096)
        guard count > 0, count < 4096, buffer[0] == UInt8(ascii: "/") else { return nil }
        let target = buffer[..<count]
        for mount in (likely.map { [$0.mount] } ?? []) + mounts.reversed() {
            guard let tree = mount.tree else { continue }
            for (index, place) in tree.places.enumerated() {
                guard let rest = suffix(of: target, below: place) else { continue }
                guard let node = walk(rest, in: mount) else { continue }
                if node.hostID == id || (node.isFolder && node.places & (1 << UInt128(index)) != 0) { return node }
            }
        }
        return FileType(mode: stat.mode) == .file ? procNode(ofHost: target) : nil
    }

    /// The file of the container's /proc that is the host's own (`SyntheticContent.host`), by the host's path.
    private func procNode(ofHost path: ArraySlice<UInt8>) -> Node? {
        guard path.starts(with: "/proc/".utf8), var node = mounts.last(where: { $0.type == "proc" })?.root else {
            return nil
        }
        for (index, component) in path.split(separator: UInt8(ascii: "/")).dropFirst().enumerated() {
            var name = component.withUnsafeBytes { Name($0) }
            if index == 0, let process = Int32(name.string) {
                name = Name("\(processes?.number(ofHost: process) ?? 0)")
            }
            guard node.isFolder, let next = try? child(of: node, named: name, for: kernelCaller()) else { return nil }
            node = next
        }
        return node.isFolder ? nil : node
    }

    /// Follows plain names from a mount's root.
    private func walk(_ path: ArraySlice<UInt8>, in mount: Mount) -> Node? {
        var node: Node = mount.root
        for component in path.split(separator: UInt8(ascii: "/")) {
            guard node.isFolder,
                let next = try? mount.tree!.child(of: node, named: component.withUnsafeBytes { Name($0) })
            else { return nil }
            node = next
        }
        return node
    }
}
