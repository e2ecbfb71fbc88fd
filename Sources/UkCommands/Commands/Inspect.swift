import ArgumentParser
import EngineClient

/// `uk inspect`
struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Return low-level information on the engine's objects.")

    @Option(name: .shortAndLong, help: ArgumentHelp("\"json\", or a template.", valueName: "format"))
    var format: String?
    @Flag(name: .shortAndLong, help: "Display total file sizes if the type is container.")
    var size = false
    @Option(help: "Only objects of this type: container, image, volume, network.")
    var type: String?
    @Argument(help: "Names or ids.", completion: .containerNames)
    var name: [String]

    func run() async throws { try await Inspection(format: format, size: size, type: type).show(name) }
}

/// Shows what the engine knows about objects.
struct Inspection {
    var format: String?
    var size = false
    /// "container", "image", "volume", "network"; nil for whichever has the name.
    var type: String?

    /// Prints all objects that are found, then complains about the first that is not.
    func show(_ names: [String]) async throws {
        let template = try format.flatMap { $0 == "json" ? nil : try Template(RowFormat.unescaped($0)) }
        let client = try Engine.client()
        var found: [JSONValue] = []
        var failures: [String] = []
        for name in names {
            do {
                found.append(try await inspect(client, name))
            } catch let failure as CommandFailure {
                failures.append(failure.description)
            }
        }
        if let template {
            for value in found { Console.print(try template.text(for: value)) }
        } else if format == "json" {
            for value in found { Console.print(value.compactText) }
        } else {
            Console.print(JSONValue.array(found).indentedText())
        }
        for failure in failures { Console.complain(failure) }
        if !failures.isEmpty { throw CommandFailure("") }
    }

    private func inspect(_ client: EngineClient, _ name: String) async throws -> JSONValue {
        let routes: [(type: String, request: EngineRequest)] = [
            ("container", EngineRequest("GET", Engine.container(name, "/json"), query: [("size", size ? "1" : nil)])),
            ("image", EngineRequest("GET", Engine.image(name, "/json"))),
            ("network", EngineRequest("GET", "/networks/\(escaped(name))")),
            ("volume", EngineRequest("GET", "/volumes/\(escaped(name))")),
        ]
        guard type == nil || routes.contains(where: { $0.type == type }) else {
            throw ValidationError("unknown type: \(type!)")
        }
        for route in routes where type == nil || route.type == type {
            do {
                return try await client.json(route.request)
            } catch let error as EngineError where [404, 400, 501].contains(error.status) {
                if type != nil { throw CommandFailure("\(error)") }
            }
        }
        throw CommandFailure("Error: No such object: \(name)")
    }
}
