import ArgumentParser
import EngineClient

/// `uk diff`
struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Inspect changes to files or folders on a container's file system.")
    @Option(help: ArgumentHelp("\"table\" or \"json\".", valueName: "format"))
    var format = "table"
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        let changes = try await Engine.client().json(EngineRequest("GET", Engine.container(container, "/changes")))
        if format == "json" { return Console.print(changes.compactText) }
        for change in changes.elements {
            let kind = change["Kind"]?.integer ?? 0
            Console.print("\(["C", "A", "D"][Int(min(max(kind, 0), 2))]) \(change["Path"]?.string ?? "")")
        }
    }
}
