import ArgumentParser
import EngineClient
import Glibc

/// `uk import`
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import the contents of a tar archive to create an image.")
    @Option(name: .shortAndLong, help: "Apply a Dockerfile instruction to the image.")
    var change: [String] = []
    @Option(name: .shortAndLong, help: "Set a message.")
    var message: String?
    @Option(help: "The image's platform.")
    var platform: String?
    @Argument(help: "The file, a URL for the engine to fetch, or - for STDIN.", completion: .file())
    var source: String
    @Argument(help: ArgumentHelp("The image's name.", valueName: "name[:tag]"))
    var name: String?

    func run() async throws {
        let isURL = source.hasPrefix("http://") || source.hasPrefix("https://")
        let file = isURL ? nil : try Archive.input(source == "-" ? nil : source)
        defer { file?.close() }
        let (repository, tag) = name.map(Engine.split) ?? ("", nil)
        var query: [(name: String, value: String?)] = [
            ("fromSrc", isURL ? source : "-"), ("repo", repository), ("tag", tag), ("message", message),
            ("platform", platform),
        ]
        query += change.map { ("changes", $0) }
        let request = EngineRequest(
            "POST", "/images/create", query: query, body: file.map { .tar($0.pieces(showProgress: false)) } ?? .none)
        try await ImageProgress.show(try Engine.client(), request, quiet: false, output: 1)
    }
}
