import ArgumentParser
import EngineClient

/// `uk export`
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Export a container's file system as a tar archive.")
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to a file, instead of STDOUT.", valueName: "file"),
        completion: .file())
    var output: String?
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        try await Archive.download(EngineRequest("GET", Engine.container(container, "/export")), to: output)
    }
}
