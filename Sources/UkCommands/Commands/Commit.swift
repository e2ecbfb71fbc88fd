import ArgumentParser
import EngineClient

/// `uk commit`
struct Commit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create a new image from a container's changes.")
    @Option(name: .shortAndLong, help: "Author.")
    var author: String?
    @Option(name: .shortAndLong, help: "Apply a Dockerfile instruction to the image.")
    var change: [String] = []
    @Option(name: .shortAndLong, help: "Message.")
    var message: String?
    @Argument(help: "The container.", completion: .containerNames)
    var container: String
    @Argument(help: ArgumentHelp("The image's name.", valueName: "name[:tag]"))
    var name: String?

    func run() async throws {
        let (repository, tag) = name.map(Engine.split) ?? ("", nil)
        var query: [(name: String, value: String?)] = [
            ("container", container), ("repo", repository), ("tag", tag), ("author", author), ("comment", message),
        ]
        query += change.map { ("changes", $0) }
        let image = try await Engine.client().json(
            EngineRequest("POST", "/commit", query: query, body: .json(.object([]))))
        Console.print(image["Id"]?.string ?? "")
    }
}
