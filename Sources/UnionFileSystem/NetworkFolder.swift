/// /proc/net (proc_pid_net(5)) as a container sees it: the host's interfaces and routes, which are the container's, and of its
/// sockets those that the container's processes have.
enum NetworkFolder {
    /// Tables of sockets, with the columns that hold the owner (if any) and the inode.
    private static let tables: KeyValuePairs<String, (owner: Int?, inode: Int)> = [
        "icmp": (7, 9), "icmp6": (7, 9), "raw": (7, 9), "raw6": (7, 9), "tcp": (7, 9), "tcp6": (7, 9), "udp": (7, 9),
        "udp6": (7, 9), "unix": (nil, 6),
    ]
    /// What is the same for everybody.
    private static let copied = ["arp", "dev", "if_inet6", "ipv6_route", "netstat", "route", "snmp", "snmp6"]
    private static let host = "/proc/self/net/"

    static func folder(of files: FileSystem) -> MadeFolder {
        var items: [(String, MadeItem)] = copied.map { ($0, .copy(of: host + $0)) }
        items.append(("packet", .text("sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n")))
        for (name, columns) in tables {
            items.append(
                (
                    name,
                    .file { [unowned files] _ in
                        table(readHostFile(host + name) ?? [], columns, files.processes?.sockets() ?? [:])
                    }
                ))
        }
        items.append(
            (
                "sockstat",
                .file { [unowned files] _ in
                    Array("sockets: used \(files.processes?.sockets().count ?? 0)\n".utf8)
                }
            ))
        return MadeFolder(items)
    }

    /// The lines of `text` that are about `sockets`, with owners and names that the container knows.
    static func table(
        _ text: [UInt8], _ columns: (owner: Int?, inode: Int), _ sockets: [UInt64: SocketView]
    ) -> [UInt8] {
        var lines = text.split(separator: UInt8(ascii: "\n"))[...]
        var result = Array(lines.popFirst() ?? []) + [UInt8(ascii: "\n")]
        for line in lines {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > columns.inode,
                let inode = UInt64(String(decoding: fields[columns.inode], as: UTF8.self)), let socket = sockets[inode]
            else { continue }
            if let owner = columns.owner {
                // Right-justified in its column, as it was.
                let digits = Array("\(socket.owner)".utf8)
                let end = fields[owner].endIndex
                result += line[..<max(line.startIndex, end - max(digits.count, fields[owner].count))]
                result += [UInt8](repeating: UInt8(ascii: " "), count: max(0, fields[owner].count - digits.count))
                result += digits + line[end...]
            } else {
                // The host's path is another one than the container's.
                result += line[..<fields[columns.inode].endIndex]
                if let name = socket.name, !name.isEmpty { result += [UInt8(ascii: " ")] + shown(name) }
            }
            result.append(UInt8(ascii: "\n"))
        }
        return result
    }

    /// A unix socket's name on one line: abstract ones begin with "@".
    private static func shown(_ name: [UInt8]) -> [UInt8] {
        if name.first != 0 { return Array(name.prefix { $0 != 0 }) }
        return name.map { $0 == 0 || $0 == UInt8(ascii: "\n") ? UInt8(ascii: "@") : $0 }
    }
}
