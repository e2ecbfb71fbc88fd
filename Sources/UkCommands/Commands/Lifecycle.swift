import ArgumentParser
import EngineClient

// The commands that do one thing to each container that they are given, and print its name.

/// `uk stop`
struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop one or more running containers.")
    @Option(name: .shortAndLong, help: "Signal to send to the container.")
    var signal: String?
    @Option(
        name: [.customShort("t"), .customLong("timeout"), .customLong("time")],
        help: ArgumentHelp("Seconds to wait before killing it.", valueName: "seconds"))
    var timeout: Int?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        try await post("/stop", to: container, query: [("signal", signal), ("t", timeout.map { String($0) })])
    }
}

/// `uk restart`
struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Restart one or more containers.")
    @Option(name: .shortAndLong, help: "Signal to send to the container.")
    var signal: String?
    @Option(
        name: [.customShort("t"), .customLong("timeout"), .customLong("time")],
        help: ArgumentHelp("Seconds to wait before killing it.", valueName: "seconds"))
    var timeout: Int?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        try await post("/restart", to: container, query: [("signal", signal), ("t", timeout.map { String($0) })])
    }
}

/// `uk kill`
struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Kill one or more running containers.")
    @Option(name: .shortAndLong, help: "Signal to send to the container.")
    var signal: String?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws { try await post("/kill", to: container, query: [("signal", signal)]) }
}

/// `uk pause`
struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Pause all processes within one or more containers.")
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws { try await post("/pause", to: container) }
}

/// `uk unpause`
struct Unpause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Unpause all processes within one or more containers.")
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws { try await post("/unpause", to: container) }
}

/// `uk rename`
struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rename a container.")
    @Argument(help: "The container.", completion: .containerNames)
    var container: String
    @Argument(help: "Its new name.")
    var newName: String

    func run() async throws {
        try await Engine.client().withResponse(
            EngineRequest("POST", Engine.container(container, "/rename"), query: [("name", newName)])
        ) { _ in }
    }
}

/// `uk rm`
struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove one or more containers.", aliases: ["remove"])
    @Flag(name: .shortAndLong, help: "Kill a running container first.")
    var force = false
    @Flag(name: [.customShort("v"), .long], help: "Remove its anonymous volumes as well.")
    var volumes = false
    @Flag(name: .shortAndLong, help: "Remove the link of this name.")
    var link = false
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        let client = try Engine.client()
        let query: [(name: String, value: String?)] = [
            ("force", force ? "1" : nil), ("v", volumes ? "1" : nil), ("link", link ? "1" : nil),
        ]
        try await Engine.forEach(container) { name in
            let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
            do {
                try await client.withResponse(EngineRequest("DELETE", Engine.container(bare), query: query)) { _ in }
            } catch let error as EngineError where force && error.status == 404 {
                // As rm(1) does: what is not there needs no force.
                Console.complain("\(error)")
                return nil
            }
            return name
        }
    }
}

/// `uk wait`
struct Wait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Block until one or more containers stop, then print their exit codes.")
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        let client = try Engine.client()
        try await Engine.forEach(container) { name in
            String(try await ExitWaiter.begin(client, name, condition: "not-running").value())
        }
    }
}

private func post(_ action: String, to names: [String], query: [(name: String, value: String?)] = []) async throws {
    let client = try Engine.client()
    try await Engine.forEach(names) { name in
        try await client.withResponse(EngineRequest("POST", Engine.container(name, action), query: query)) { _ in }
        return name
    }
}
