import ArgumentParser
import EngineClient

/// `uk push`
struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Upload an image to a registry.")
    @Flag(name: .shortAndLong, help: "Push all tags of the image.")
    var allTags = false
    @Flag(name: .shortAndLong, help: "Suppress verbose output.")
    var quiet = false
    @Flag(help: "Accepted for docker's sake.")
    var disableContentTrust = false
    @Argument(help: "The image.", completion: .imageNames)
    var image: String

    func run() async throws {
        if image.contains("@") { throw CommandFailure("cannot push a digest reference") }
        var (name, tag) = Engine.split(image)
        if allTags {
            guard image == name else { throw CommandFailure("tag can't be used with --all-tags/-a") }
            tag = nil
        } else if image == name, !quiet {
            Console.print("Using default tag: latest")
        }
        var request = EngineRequest("POST", Engine.image(name, "/push"), query: [("tag", tag)])
        // The engine wants the header, be it of nobody.
        let server = DockerConfig.server(ofImage: name)
        request.headers = [(try DockerConfig().account(at: server) ?? RegistryAccount(server: server)).header]
        try await ImageProgress.show(try Engine.client(), request, quiet: quiet, output: 1)
        if quiet { Console.print(tag.map { "\(name):\($0)" } ?? name) }
    }
}
