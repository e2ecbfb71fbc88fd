import ArgumentParser
import EngineClient

/// `uk pull`
struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Download an image from a registry.")
    @Flag(name: .shortAndLong, help: "Suppress verbose output.")
    var quiet = false
    @Flag(name: .shortAndLong, help: "Download all tagged images in the repository.")
    var allTags = false
    @Option(help: "Platform, when the image has several.")
    var platform: String?
    @Argument(help: "The image.")
    var image: String

    func run() async throws {
        var (name, tag) = Engine.split(image)
        if allTags {
            guard image == name, !image.contains("@") else {
                throw CommandFailure("tag can't be used with --all-tags/-a")
            }
            tag = nil
        }
        let request = try Engine.pull(name, tag: tag, platform: platform)
        try await ImageProgress.show(try Engine.client(), request, quiet: quiet, output: 1)
        if quiet { Console.print(tag.map { "\(name):\($0)" } ?? name) }
    }
}
