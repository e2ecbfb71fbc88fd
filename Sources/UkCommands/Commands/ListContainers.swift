import ArgumentParser
import EngineClient

/// `uk ps`
struct ListContainers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ps", abstract: "List containers.")

    @Flag(name: .shortAndLong, help: "Show all containers, not only running ones.")
    var all = false
    @Option(name: .shortAndLong, help: ArgumentHelp("Filter, such as name=web or status=exited.", valueName: "filter"))
    var filter: [Filter] = []
    @Option(help: ArgumentHelp("\"table\", \"json\", or a template.", valueName: "format"))
    var format: String?
    @Option(name: [.customShort("n"), .long], help: "Show the n containers created last.")
    var last: Int?
    @Flag(name: .shortAndLong, help: "Show the container created last.")
    var latest = false
    @Flag(help: "Do not truncate output.")
    var noTrunc = false
    @Flag(name: .shortAndLong, help: "Only display container ids.")
    var quiet = false
    @Flag(name: .shortAndLong, help: "Display total file sizes.")
    var size = false

    func run() async throws {
        let limit = latest ? 1 : last
        let request = EngineRequest(
            "GET", "/containers/json",
            query: [
                ("all", all || limit != nil ? "1" : nil), ("limit", limit.map { String($0) }),
                ("size", size ? "1" : nil), ("filters", filterQuery(filter.map { ($0.name, $0.value) })),
            ])
        let rows = try await Engine.client().json(request).elements.map(row)
        var columns: [RowFormat.Column] = [
            .init("CONTAINER ID", "ID"), .init("IMAGE", "Image"), .init("COMMAND", "Command"),
            .init("CREATED", "RunningFor"), .init("STATUS", "Status"), .init("PORTS", "Ports"),
            .init("NAMES", "Names"),
        ]
        if size { columns.append(.init("SIZE", "Size")) }
        let titles = ["CreatedAt": "CREATED AT", "LocalVolumes": "LOCAL VOLUMES", "Size": "SIZE"]
        Console.print(
            try RowFormat(format: format, columns: columns, otherTitles: titles, quietField: quiet ? "ID" : nil)
                .lines(rows))
    }

    private func row(_ container: JSONValue) -> JSONValue {
        let id = container["Id"]?.string ?? ""
        let created = Timestamp(seconds: container["Created"]?.integer ?? 0)
        let names = container["Names"]?.elements.compactMap(\.string).map {
            $0.hasPrefix("/") ? String($0.dropFirst()) : $0
        }
        let command = container["Command"]?.string ?? ""
        let image = container["Image"]?.string ?? ""
        let mounts = container["Mounts"]?.elements ?? []
        let sizes = (container["SizeRw"]?.integer ?? 0, container["SizeRootFs"]?.integer ?? 0)
        let age = max(0, Timestamp.now.seconds - created.seconds)
        return [
            "Command": .string(JSONValue.string(noTrunc ? command : Self.ellipsis(command, 20)).compactText),
            "CreatedAt": .string(created.localText),
            "ID": .string(noTrunc ? id : Engine.short(id)),
            "Image": .string(
                image.isEmpty ? "<no image>" : noTrunc || !image.hasPrefix("sha256:") ? image : Engine.short(image)),
            "Labels": .string(
                (container["Labels"]?.members ?? []).map { "\($0.name)=\($0.value.string ?? "")" }.sorted()
                    .joined(separator: ",")),
            "LocalVolumes": .string(String(mounts.count { $0["Driver"]?.string == "local" })),
            "Mounts": .string(
                mounts.map { mount in
                    let name = mount["Name"]?.string ?? ""
                    let text = name.isEmpty ? mount["Source"]?.string ?? "" : name
                    return noTrunc ? text : Self.ellipsis(text, 15)
                }.joined(separator: ",")),
            "Names": .string((names ?? []).joined(separator: ",")),
            "Networks": .string(
                (container["NetworkSettings"]?["Networks"]?.members ?? []).map(\.name).joined(separator: ",")),
            "Ports": .string(Self.ports(container["Ports"]?.elements ?? [])),
            "RunningFor": .string(Durations.words(seconds: age) + " ago"),
            "Size": .string(
                sizes.1 > 0 ? "\(Sizes.decimal(sizes.0)) (virtual \(Sizes.decimal(sizes.1)))" : Sizes.decimal(sizes.0)),
            "State": container["State"] ?? "",
            "Status": container["Status"] ?? "",
        ]
    }

    /// At most `width` characters, the last one an ellipsis when there were more.
    static func ellipsis(_ text: String, _ width: Int) -> String {
        text.count > width ? String(text.prefix(width - 1)) + "…" : text
    }

    /// Ports as docker shows them, neighbours joined: `0.0.0.0:80->80/tcp, 81-82/tcp`.
    static func ports(_ ports: [JSONValue]) -> String {
        struct Port: Comparable {
            var address: String?
            var proto: String
            var inside: Int64
            var outside: Int64

            static func < (one: Port, other: Port) -> Bool {
                (one.address ?? "", one.proto, one.inside, one.outside)
                    < (other.address ?? "", other.proto, other.inside, other.outside)
            }
        }
        let all = ports.map { port in
            let outside = port["PublicPort"]?.integer ?? 0
            return Port(
                address: outside > 0 ? port["IP"]?.string ?? "" : nil, proto: port["Type"]?.string ?? "tcp",
                inside: port["PrivatePort"]?.integer ?? 0, outside: outside)
        }.sorted()
        var runs: [(first: Port, last: Port)] = []
        for port in all {
            if let (_, last) = runs.last, last.address == port.address, last.proto == port.proto,
                port.inside == last.inside + 1, port.address == nil || port.outside == last.outside + 1
            {
                runs[runs.count - 1].last = port
            } else {
                runs.append((port, port))
            }
        }
        func range(_ low: Int64, _ high: Int64) -> String { low == high ? "\(low)" : "\(low)-\(high)" }
        let published = runs.filter { $0.first.address != nil }
        let exposed = runs.filter { $0.first.address == nil }
        let shownPublished = published.map { first, last in
            let address = first.address!.contains(":") ? "[\(first.address!)]" : first.address!
            return
                "\(address):\(range(first.outside, last.outside))->\(range(first.inside, last.inside))/\(first.proto)"
        }
        return (shownPublished + exposed.map { "\(range($0.first.inside, $0.last.inside))/\($0.first.proto)" })
            .joined(separator: ", ")
    }
}
