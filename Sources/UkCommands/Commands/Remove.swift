import ArgumentParser
import EngineClient

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
