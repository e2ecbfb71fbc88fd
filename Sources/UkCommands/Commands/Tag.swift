import ArgumentParser
import EngineClient

/// `uk tag`
struct Tag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create a tag that refers to an image.")
    @Argument(help: "The image.", completion: .imageNames)
    var source: String
    @Argument(help: "Its new name.")
    var target: String

    func run() async throws {
        let (name, tag) = Engine.split(target)
        guard let tag else { throw CommandFailure("refusing to create a tag with a digest reference") }
        try await Engine.client().withResponse(
            EngineRequest("POST", Engine.image(source, "/tag"), query: [("repo", name), ("tag", tag)])
        ) { _ in }
    }
}
