import EngineClient
import Host

/// The engine that the commands speak to, and small things that several of them ask of it.
enum Engine {
    /// This program's version.
    static let version = Host.Version.text

    /// A client of the engine that `-H` or `DOCKER_HOST` names, or of the user's own.
    static func client() throws -> EngineClient {
        EngineClient(address: try EngineAddress.current(), userAgent: "uk/\(version) (linux)")
    }

    /// `/containers/NAME`, escaped.
    static func container(_ name: String, _ rest: String = "") -> String { "/containers/\(escaped(name))\(rest)" }

    /// `/images/NAME`; slashes and colons stay, as the engine's routes want them.
    static func image(_ name: String, _ rest: String = "") -> String {
        let kept = escaped(name).replacing("%2F", with: "/").replacing("%3A", with: ":").replacing("%40", with: "@")
        return "/images/\(kept)\(rest)"
    }

    /// The request to pull an image, with the account at its registry if the user has one there.
    ///
    /// - Throws: `CommandFailure` when config.json cannot be read.
    static func pull(_ name: String, tag: String?, platform: String?) throws -> EngineRequest {
        var request = EngineRequest(
            "POST", "/images/create", query: [("fromImage", name), ("tag", tag), ("platform", platform)])
        request.headers = try DockerConfig().account(at: DockerConfig.server(ofImage: name)).map { [$0.header] } ?? []
        return request
    }

    /// Name and tag of an image reference; the tag is nil for a digest, "latest" when none is given.
    static func split(_ reference: String) -> (name: String, tag: String?) {
        if reference.contains("@") { return (reference, nil) }
        let slash = reference.lastIndex(of: "/") ?? reference.startIndex
        guard let colon = reference[slash...].lastIndex(of: ":") else { return (reference, "latest") }
        return (String(reference[..<colon]), String(reference[reference.index(after: colon)...]))
    }

    /// The first twelve digits of an id, without the digest's algorithm.
    static func short(_ id: String) -> String {
        let digits = id.hasPrefix("sha256:") ? id.dropFirst(7) : id[...]
        return String(digits.prefix(12))
    }

    /// Does `action` for every name, printing the name when it worked and the error when not.
    ///
    /// - Throws: `CommandFailure` without text when any of them failed.
    static func forEach(_ names: [String], _ action: (String) async throws -> String?) async throws {
        var failed = false
        for name in names {
            do {
                if let line = try await action(name) { Console.print(line) }
            } catch let error as EngineError where error.status != nil {
                Console.complain("\(error)")
                failed = true
            }
        }
        if failed { throw CommandFailure("") }
    }

    /// Posts `action`, such as `/stop`, for every container, printing the name when it worked and the error when not.
    ///
    /// - Throws: `CommandFailure` without text when any of them failed.
    static func post(_ action: String, to names: [String], query: [(name: String, value: String?)] = []) async throws {
        let client = try client()
        try await forEach(names) { name in
            try await client.withResponse(EngineRequest("POST", container(name, action), query: query)) { _ in }
            return name
        }
    }
}
