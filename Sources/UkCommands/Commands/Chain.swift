import ArgumentParser
import EngineClient
import Host

/// `uk chain`
struct Chain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the live processes from the engine down to the containers' applications.",
        discussion: """
            One tree: ukd, ukmanager, and for each container its shim, its kernel (ukernel), the nursery from which its \
            processes are born, and these. Each with its pid, its share of memory (Pss) and the sockets and fifos on which \
            it is reached. It reads /proc, as the user that you are.
            """)

    @Option(help: ArgumentHelp("\"tree\" or \"json\".", valueName: "format"))
    var format = "tree"
    @Flag(name: .shortAndLong, help: "Also show chains of other engines.")
    var all = false

    func validate() throws {
        guard ["tree", "json"].contains(format) else {
            throw ValidationError("unknown format '\(format)': use tree or json")
        }
    }

    func run() async throws {
        let address = try EngineAddress.current()
        var containers: [String: ChainNode.Container] = [:]
        var silence: EngineError?
        do {
            for container in try await Engine.client().json(EngineRequest("GET", "/containers/json")).elements {
                guard let id = container["Id"]?.string else { continue }
                let name = container["Names"]?.elements.first?.string.map {
                    $0.hasPrefix("/") ? String($0.dropFirst()) : $0
                }
                containers[id] = ChainNode.Container(id: id, name: name, image: container["Image"]?.string)
            }
        } catch let error as EngineError {
            // The processes are there even when the engine is not.
            silence = error
        }
        var roots = ChainTree(containers: containers).roots()
        if !all, case .unix(let path) = address {
            let folder = path.removingLastComponent().string
            let mine = roots.filter { $0.sockets.contains { $0 == path.string || $0.hasPrefix(folder + "/") } }
            roots = mine.isEmpty && silence == nil ? [] : mine
        }
        if format == "json" {
            Console.print(JSONValue.array(roots.map(\.json)).indentedText("  "))
        } else {
            let folder = Folders.current.runtime.string
            if !roots.isEmpty { Console.print("uk  →  \(address)") }
            for root in roots { Console.print(root.lines(folder: folder)) }
        }
        if let silence { throw silence }
        if roots.isEmpty {
            throw CommandFailure(
                "no process of the chain listens at \(address); `uk chain --all` shows those of other engines")
        }
    }
}
