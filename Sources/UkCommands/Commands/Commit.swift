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

/// `uk update`
struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Update the limits of one or more containers.")
    @OptionGroup var limits: LimitOptions
    @Option(help: ArgumentHelp("Restart policy.", valueName: "policy"))
    var restart: String?
    @Argument(help: "The containers.", completion: .containerNames)
    var container: [String]

    func run() async throws {
        let client = try Engine.client()
        var body = try limits.members()
        if let restart { body["RestartPolicy"] = try CreateRequest.restartPolicy(restart) }
        let changes = body
        try await Engine.forEach(container) { name in
            _ = try await client.json(EngineRequest("POST", Engine.container(name, "/update"), body: .json(changes)))
            return name
        }
    }
}
