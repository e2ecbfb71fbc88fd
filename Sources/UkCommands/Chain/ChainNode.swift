import EngineClient
import Glibc

/// A process of the chain and those that serve below it.
struct ChainNode: Sendable {
    /// What the process is in the chain: ukd, ukmanager, shim, ukernel, nursery, stand-in, or "application".
    var role: String
    var process: HostProcess
    /// The container that it serves.
    var container: Container?
    var sockets: [String] = []
    var fifos: [String] = []
    var children: [ChainNode] = []

    /// A container as the engine, or else the shim's command line, knows it.
    struct Container: Sendable {
        var id: String
        var name: String?
        var image: String?
    }

    /// The node and all below it as one object.
    var json: JSONValue {
        var object: JSONValue = [
            "role": .string(role), "name": .string(process.program), "pid": .number(process.pid),
            "parent": .number(process.parent), "arguments": .strings(process.arguments),
            "pss": process.pss.map { .number($0) } ?? .null, "sockets": .strings(sockets), "fifos": .strings(fifos),
        ]
        if let container {
            object["container"] = [
                "id": .string(container.id), "name": container.name.map { .string($0) } ?? .null,
                "image": container.image.map { .string($0) } ?? .null,
            ]
        }
        object["children"] = .array(children.map(\.json))
        return object
    }

    /// The node and all below it as the lines of a tree.
    ///
    /// - Parameter folder: the folder in which most sockets are; it is left out of their names.
    func lines(folder: String) -> [String] {
        var lines = [line(folder: folder)]
        for detail in details(folder: folder) {
            lines.append((children.isEmpty ? "    " : "│   ") + Console.coloured(detail, 2))
        }
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            for (number, line) in child.lines(folder: folder).enumerated() {
                lines.append((number == 0 ? (isLast ? "└── " : "├── ") : (isLast ? "    " : "│   ")) + line)
            }
        }
        return lines
    }

    private func line(folder: String) -> String {
        let shown =
            role == "application"
            ? ListContainers.ellipsis(process.arguments.joined(separator: " "), 60)
            : role == "shim" ? process.program : role
        var line = Console.coloured(shown.isEmpty ? process.name : shown, role == "application" ? 32 : 1)
        line += "  pid \(process.pid)  "
        line += process.pss.map { "Pss " + Sizes.binary($0) } ?? "Pss unknown"
        if role == "shim", let container {
            let parts = [container.name, container.image, Engine.short(container.id)].compactMap { $0 }
            line += "  " + Console.coloured("[" + parts.joined(separator: ", ") + "]", 36)
        }
        return line
    }

    private func details(folder: String) -> [String] {
        func short(_ path: String) -> String {
            let below = path.hasPrefix(folder + "/") ? path.dropFirst(folder.count + 1) : path[...]
            // A container's whole id fills the line and says no more than its beginning.
            return below.split(separator: "/", omittingEmptySubsequences: false)
                .map { $0.count == 64 ? Engine.short(String($0)) + "…" : String($0) }.joined(separator: "/")
        }
        return sockets.map { "socket " + short($0) } + fifos.map { "fifo " + short($0) }
    }
}
