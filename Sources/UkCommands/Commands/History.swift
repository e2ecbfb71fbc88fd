import ArgumentParser
import EngineClient

/// `uk history`
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the history of an image.")

    @Option(help: ArgumentHelp("\"table\", \"json\", or a template.", valueName: "format"))
    var format: String?
    @Flag(inversion: .prefixedNo, help: .hidden)
    var human = true
    @Flag(help: "Do not truncate output.")
    var noTrunc = false
    @Flag(name: .shortAndLong, help: "Only show image ids.")
    var quiet = false
    @Argument(help: "The image.", completion: .imageNames)
    var image: String

    func run() async throws {
        let rows = try await Engine.client().json(EngineRequest("GET", Engine.image(image, "/history"))).elements.map(
            row)
        let columns: [RowFormat.Column] = [
            .init("IMAGE", "ID"), .init("CREATED", "CreatedSince"), .init("CREATED BY", "CreatedBy"),
            .init("SIZE", "Size"), .init("COMMENT", "Comment"),
        ]
        Console.print(
            try RowFormat(
                format: format, columns: columns, otherTitles: ["CreatedAt": "CREATED AT"],
                quietField: quiet ? "ID" : nil
            ).lines(rows))
    }

    private func row(_ step: JSONValue) -> JSONValue {
        let created = Timestamp(seconds: step["Created"]?.integer ?? 0)
        let by = (step["CreatedBy"]?.string ?? "").replacing("\t", with: " ")
        let id = step["Id"]?.string ?? "<missing>"
        let size = step["Size"]?.integer ?? 0
        return [
            "Comment": step["Comment"] ?? "", "CreatedAt": .string(created.preciseText),
            "CreatedBy": .string(noTrunc ? by : ListContainers.ellipsis(by, 45)),
            "CreatedSince": .string(Durations.words(seconds: max(0, Timestamp.now.seconds - created.seconds)) + " ago"),
            "ID": .string(noTrunc ? id : Engine.short(id)),
            "Size": .string(human ? Sizes.decimal(size) : String(size)),
        ]
    }
}
