import ArgumentParser
import EngineClient

/// `uk volume rm`
struct VolumeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove one or more volumes.", aliases: ["remove"])
    @Flag(name: .shortAndLong, help: "Force the removal.")
    var force = false
    @Argument(help: "The volumes.", completion: .volumeNames)
    var volume: [String]

    func run() async throws {
        let client = try Engine.client()
        try await Engine.forEach(volume) { name in
            let request = EngineRequest(
                "DELETE", "/volumes/\(escaped(name))", query: [("force", force ? "1" : nil)])
            try await client.withResponse(request) { _ in }
            return name
        }
    }
}
