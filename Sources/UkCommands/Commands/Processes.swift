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
        var table = Table(header: (answer["Titles"]?.elements ?? []).compactMap(\.string))
        for process in answer["Processes"]?.elements ?? [] { table.append(process.elements.compactMap(\.string)) }
        Console.print(table.lines)
    }
}

/// `uk port`
struct Port: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List port mappings of a container.")
    @Option(help: ArgumentHelp("\"table\" or \"json\".", valueName: "format"))
    var format = "table"
    @Argument(help: "The container.", completion: .containerNames)
    var container: String
    @Argument(help: ArgumentHelp("Only this port.", valueName: "port[/proto]"))
    var port: String?

    func run() async throws {
        let details = try await Engine.client().json(EngineRequest("GET", Engine.container(container, "/json")))
        let ports = details["NetworkSettings"]?["Ports"]?.members ?? []
        if format == "json" { return Console.print(JSONValue.object(ports).compactText) }
        func addresses(_ bindings: JSONValue) -> [String] {
            bindings.elements.map { binding in
                let address = binding["HostIp"]?.string ?? ""
                return (address.contains(":") ? "[\(address)]" : address) + ":" + (binding["HostPort"]?.string ?? "")
            }
        }
        guard let port else {
            for entry in ports { Console.print(addresses(entry.value).map { "\(entry.name) -> \($0)" }) }
            return
        }
        let key = port.contains("/") ? port : port + "/tcp"
        let found = ports.first { $0.name == key }.map { addresses($0.value) } ?? []
        guard !found.isEmpty else { throw CommandFailure("no public port '\(key)' published for \(container)") }
        Console.print(found)
    }
}

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
