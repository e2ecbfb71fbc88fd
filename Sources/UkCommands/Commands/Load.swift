import ArgumentParser
import EngineClient
import Glibc

/// `uk load`
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load an image from a tar archive or STDIN.")
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Read from a tar archive file instead of STDIN.", valueName: "file"),
        completion: .file(extensions: ["tar", "gz", "tgz"]))
    var input: String?
    @Flag(name: .shortAndLong, help: "Suppress the load's output but for the images' names.")
    var quiet = false

    func run() async throws {
        let file = try Archive.input(input)
        defer { file.close() }
        if input == nil, RawTerminal.isTerminal(0) {
            throw CommandFailure("requested load from stdin, but stdin is empty: name a file with -i")
        }
        let request = EngineRequest(
            "POST", "/images/load", query: [("quiet", quiet ? "1" : "0")], body: .tar(file.pieces(showProgress: !quiet))
        )
        try await ImageProgress.show(try Engine.client(), request, quiet: false, output: 1)
    }
}
