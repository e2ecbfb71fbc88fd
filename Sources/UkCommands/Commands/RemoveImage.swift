import ArgumentParser
import EngineClient

/// `uk rmi`
struct RemoveImage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rmi", abstract: "Remove one or more images.")
    @Flag(name: .shortAndLong, help: "Force removal of the image.")
    var force = false
    @Flag(help: "Do not delete untagged parents.")
    var noPrune = false
    @Argument(help: "The images.", completion: .imageNames)
    var image: [String]

    func run() async throws {
        let client = try Engine.client()
        let query: [(name: String, value: String?)] = [("force", force ? "1" : nil), ("noprune", noPrune ? "1" : nil)]
        try await Engine.forEach(image) { name in
            let removed = try await client.json(EngineRequest("DELETE", Engine.image(name), query: query)).elements
            return removed.compactMap { item in
                item["Deleted"]?.string.map { "Deleted: \($0)" } ?? item["Untagged"]?.string.map { "Untagged: \($0)" }
            }.joined(separator: "\n")
        }
    }
}
