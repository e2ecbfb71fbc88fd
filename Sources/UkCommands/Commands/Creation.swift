import ArgumentParser
import EngineClient
import Glibc

/// Creates a container, pulling the image first when the engine does not have it.
struct Creation {
    var client: EngineClient
    var options: ContainerOptions
    var image: String
    var command: [String]
    var attached: Set<String> = []

    /// Creates the container and returns its id.
    ///
    /// - Throws: `EngineError`, `ValidationError`, `CommandFailure`.
    func create() async throws -> String {
        let body = try CreateRequest(options: options, image: image, command: command, attached: attached).body()
        if let cidfile = options.cidfile, access(cidfile, F_OK) == 0 {
            throw CommandFailure(
                "container ID file found, make sure the other container isn't running or delete \(cidfile)",
                exitCode: 125)
        }
        let request = EngineRequest(
            "POST", "/containers/create", query: [("name", options.name), ("platform", options.platform)],
            body: .json(body))
        if options.pull == "always" { try await pull() }
        let answer: JSONValue
        do {
            answer = try await client.json(request)
        } catch let error as EngineError where error.status == 404 && options.pull == "missing" && isMissingImage(error)
        {
            let (name, tag) = Engine.split(image)
            Console.complain("Unable to find image '\(tag.map { "\(name):\($0)" } ?? name)' locally")
            try await pull()
            answer = try await client.json(request)
        }
        guard let id = answer["Id"]?.string else {
            throw EngineError.protocolViolation("a created container without an id")
        }
        for warning in answer["Warnings"]?.elements ?? [] {
            if let text = warning.string { Console.complain("WARNING: \(text)") }
        }
        if let cidfile = options.cidfile { try write(id, to: cidfile) }
        return id
    }

    private func isMissingImage(_ error: EngineError) -> Bool {
        let text = "\(error)".lowercased()
        return text.contains("no such image") || (text.contains("image") && text.contains("not found"))
    }

    private func pull() async throws {
        let (name, tag) = Engine.split(image)
        try await ImageProgress.show(
            client, try Engine.pull(name, tag: tag, platform: options.platform), quiet: options.quiet, output: 2)
    }

    private func write(_ id: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw CommandFailure("failed to create the container ID file \(path): \(String(cString: strerror(errno)))")
        }
        Console.write(Array(id.utf8), to: file)
        close(file)
    }
}
