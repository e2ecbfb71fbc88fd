import ArgumentParser
import EngineClient

/// `uk events`
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Get real time events from the engine.")

    @Option(name: .shortAndLong, help: ArgumentHelp("Filter, such as event=start.", valueName: "filter"))
    var filter: [Filter] = []
    @Option(help: ArgumentHelp("\"json\", or a template.", valueName: "format"))
    var format: String?
    @Option(help: ArgumentHelp("Since a time, or a duration back from now.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Until a time, or a duration back from now.", valueName: "time"))
    var until: String?

    func run() async throws {
        let template = try format.flatMap { $0 == "json" ? nil : try Template(RowFormat.unescaped($0)) }
        let request = EngineRequest(
            "GET", "/events",
            query: [
                ("since", try moment(since, "since")), ("until", try moment(until, "until")),
                ("filters", filterQuery(filter.map { ($0.name, $0.value) })),
            ])
        let format = self.format
        try await Engine.client().withResponse(request) { response in
            try await response.forEachValue { event in
                if let template {
                    Console.print(try template.text(for: event))
                } else {
                    Console.print(format == "json" ? event.compactText : Self.line(event))
                }
            }
        }
    }

    /// An event as docker prints it: when, what, to whom, and the attributes.
    private static func line(_ event: JSONValue) -> String {
        let time = Timestamp(nanoseconds: event["timeNano"]?.integer ?? (event["time"]?.integer ?? 0) * 1_000_000_000)
        var text = time.preciseText + " \(event["Type"]?.string ?? "") \(event["Action"]?.string ?? "")"
        text += " \(event["Actor"]?["ID"]?.string ?? "")"
        let attributes = (event["Actor"]?["Attributes"]?.members ?? []).map { "\($0.name)=\($0.value.string ?? "")" }
        if !attributes.isEmpty { text += " (" + attributes.sorted().joined(separator: ", ") + ")" }
        return text
    }
}
