import ArgumentParser
import EngineClient

/// `uk images`
struct Images: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List images.")

    @Flag(name: .shortAndLong, help: "Show all images (default hides intermediate ones).")
    var all = false
    @Flag(help: "Show digests.")
    var digests = false
    @Option(name: .shortAndLong, help: ArgumentHelp("Filter, such as reference=web*.", valueName: "filter"))
    var filter: [Filter] = []
    @Option(help: ArgumentHelp("\"table\", \"json\", or a template.", valueName: "format"))
    var format: String?
    @Flag(help: "Do not truncate output.")
    var noTrunc = false
    @Flag(name: .shortAndLong, help: "Only show image ids.")
    var quiet = false
    @Argument(help: "Only images of this name.", completion: .imageNames)
    var repository: String?

    func run() async throws {
        var filters = filter.map { ($0.name, $0.value) }
        if let repository { filters.append(("reference", repository)) }
        let request = EngineRequest(
            "GET", "/images/json", query: [("all", all ? "1" : nil), ("filters", filterQuery(filters))])
        let rows = try await Engine.client().json(request).elements.flatMap(rows)
        var columns: [RowFormat.Column] = [.init("REPOSITORY", "Repository"), .init("TAG", "Tag")]
        if digests { columns.append(.init("DIGEST", "Digest")) }
        columns += [.init("IMAGE ID", "ID"), .init("CREATED", "CreatedSince"), .init("SIZE", "Size")]
        Console.print(
            try RowFormat(
                format: format, columns: columns, otherTitles: ["CreatedAt": "CREATED AT", "Digest": "DIGEST"],
                quietField: quiet ? "ID" : nil
            ).lines(rows))
    }

    /// One row for each of the image's tags.
    private func rows(_ image: JSONValue) -> [JSONValue] {
        let id = image["Id"]?.string ?? ""
        let created = Timestamp(seconds: image["Created"]?.integer ?? 0)
        let size = Sizes.decimal(image["Size"]?.integer ?? 0)
        let tags = (image["RepoTags"]?.elements ?? []).compactMap(\.string).filter { $0 != "<none>:<none>" }
        let digests = (image["RepoDigests"]?.elements ?? []).compactMap(\.string).filter { !$0.hasPrefix("<none>") }
        let names: [(String, String)] =
            tags.isEmpty
            ? [(digests.first.map { String($0.prefix { $0 != "@" }) } ?? "<none>", "<none>")]
            : tags.map {
                let (name, tag) = Engine.split($0); return (name, tag ?? "<none>")
            }
        return names.map { name, tag in
            let digest = digests.first { $0.hasPrefix(name + "@") }.map { String($0.drop { $0 != "@" }.dropFirst()) }
            return [
                "Containers": .string(image["Containers"]?.integer.flatMap { $0 < 0 ? nil : String($0) } ?? "N/A"),
                "CreatedAt": .string(created.localText),
                "CreatedSince": .string(
                    Durations.words(seconds: max(0, Timestamp.now.seconds - created.seconds)) + " ago"),
                "Digest": .string(digest ?? "<none>"),
                "ID": .string(noTrunc ? id : Engine.short(id)),
                "Repository": .string(name), "SharedSize": "N/A", "Size": .string(size), "Tag": .string(tag),
                "UniqueSize": "N/A", "VirtualSize": .string(size),
            ]
        }
    }
}
