import EngineClient
import Glibc

/// Puts the processes of the chain in order, after docs/architecture.md ("Who is whose parent"): ukd, ukmanager, a shim for
/// each container, its ukernel, the nursery, and the application's processes, which the host calls the shim's children, or
/// the nursery's (then stand-ins of those that `exec` started are the shim's).
struct ChainTree {
    private let processes: [HostProcess]
    private let listening = ListeningSockets()
    private let containers: [String: ChainNode.Container]

    /// - Parameter containers: what the engine says of its containers, by id.
    init(processes: [HostProcess] = HostProcess.all(), containers: [String: ChainNode.Container]) {
        self.processes = processes
        self.containers = containers
    }

    /// The chains on this host that this user may see: one for each ukd, then managers and shims that belong to none.
    func roots() -> [ChainNode] {
        var managers = processes.filter { $0.program == "ukmanager" }.map { node($0, "ukmanager") }
        var shims = processes.filter(isShim).map(shim)
        for index in managers.indices {
            let addresses = managers[index].sockets
            let mine = { (shim: ChainNode) in
                shim.process.argument(after: "-address").map { addresses.contains($0) } ?? false
            }
            managers[index].children = shims.filter(mine)
            shims.removeAll(where: mine)
        }
        var roots: [ChainNode] = []
        for process in processes where process.program == "ukd" {
            var daemon = node(process, "ukd")
            // The two live in the same folder; or else ukd's command line names the other's socket.
            let folders = Set(daemon.sockets.map(Self.folder))
            let belongs = { (manager: ChainNode) in
                manager.sockets.contains { folders.contains(Self.folder($0)) || process.arguments.contains($0) }
            }
            daemon.children = managers.filter(belongs)
            managers.removeAll(where: belongs)
            roots.append(daemon)
        }
        return roots + managers + shims
    }

    private func isShim(_ process: HostProcess) -> Bool {
        process.program.hasPrefix("containerd-shim-runu") && process.argument(after: "-id") != nil
            && process.arguments.last != "start" && process.arguments.last != "delete"
    }

    private func node(_ process: HostProcess, _ role: String) -> ChainNode {
        ChainNode(role: role, process: process, sockets: listening.paths(of: process))
    }

    private func shim(_ process: HostProcess) -> ChainNode {
        let id = process.argument(after: "-id") ?? ""
        var shim = node(process, "shim")
        shim.container = containers[id] ?? ChainNode.Container(id: id)
        shim.fifos = process.fifos
        let children = children(of: process)
        var applications = children.filter { $0.program != "ukernel" && $0.program != "runu" }
        shim.children = children.filter { $0.program == "runu" }.map { node($0, "stand-in") }
        for kernel in children where kernel.program == "ukernel" {
            var node = node(kernel, "ukernel")
            // A long path is bound through its folder's descriptor, and that is the name /proc shows.
            if let control = kernel.argument(after: "--control") {
                node.sockets = node.sockets.map { $0.hasPrefix("/proc/self/fd/") ? control : $0 }
            }
            for nursery in self.children(of: kernel) {
                var inner = self.node(nursery, "nursery")
                applications += self.children(of: nursery)
                inner.children = applications.sorted { $0.pid < $1.pid }.map(application)
                applications = []
                node.children.append(inner)
            }
            shim.children.append(node)
        }
        // A kernel that is just starting, or gone: its processes are shown all the same.
        shim.children += applications.map(application)
        return shim
    }

    private func application(_ process: HostProcess) -> ChainNode {
        var node = node(process, "application")
        node.children = children(of: process).map(application)
        return node
    }

    private func children(of process: HostProcess) -> [HostProcess] {
        processes.filter { $0.parent == process.pid && $0.pid != process.pid }
    }

    private static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}
