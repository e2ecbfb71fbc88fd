import ArgumentParser
import EngineClient

/// `uk top`
struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Display the running processes of a container.", usage: "uk top CONTAINER [ps OPTIONS]")

    @Option(help: ArgumentHelp("\"table\" or \"json\"; before the container's name.", valueName: "format"))
    var format = "table"
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The container, and options for ps.", valueName: "CONTAINER [ps OPTIONS]"),
        completion: .containerNames)
    var words: [String]

    func validate() throws { try Passthrough.check(words, of: Self.self) }

    func run() async throws {
        let options = words.dropFirst().joined(separator: " ")
        let answer = try await Engine.client().json(
            EngineRequest(
                "GET", Engine.container(words[0], "/top"), query: [("ps_args", options.isEmpty ? nil : options)]))
        if format == "json" { return Console.print(answer.compactText) }
        var table = Table(header: (answer["Titles"]?.elements ?? []).compactMap(\.string), narrowest: 20)
        for process in answer["Processes"]?.elements ?? [] { table.append(process.elements.compactMap(\.string)) }
        Console.print(table.lines)
    }
}
