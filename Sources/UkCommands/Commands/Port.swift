import ArgumentParser
import EngineClient

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
