import ArgumentParser
import EngineClient

/// `uk save`
struct Save: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Save one or more images to a tar archive.")
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to a file, instead of STDOUT.", valueName: "file"),
        completion: .file())
    var output: String?
    @Argument(help: "The images.", completion: .imageNames)
    var image: [String]

    func run() async throws {
        let request = EngineRequest("GET", "/images/get", query: image.map { ("names", $0) })
        try await Archive.download(request, to: output)
    }
}
