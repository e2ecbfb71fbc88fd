import Engine
import EngineAPI
import NIOHTTP1

extension Routes {
    /// Containers, without the calls that stream.
    static func containers(_ engine: Engine) -> [Route] {
        [
            Route(.GET, "/containers/json") { call, _ in
                try await call.reply(
                    json: try await engine.list(
                        all: call.query.flag("all"), limit: try call.number("limit"), size: call.query.flag("size"),
                        filters: try call.filters()))
            },
            Route(.POST, "/containers/create") { call, _ in
                guard let request = try await call.readJSON(ContainerCreateRequest.self) else {
                    throw EngineError(400, "invalid JSON: got EOF while reading request body")
                }
                if let platform = call.query["platform"] { try Platforms.check(platform) }
                try await call.reply(
                    .created, json: try await engine.create(name: call.query["name"], request: request))
            },
            Route(.GET, "/containers/{id}/json") { call, holes in
                try await call.reply(json: try await engine.inspect(holes.id, size: call.query.flag("size")))
            },
            Route(.POST, "/containers/{id}/start") { call, holes in
                try await engine.start(holes.id)
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/stop") { call, holes in
                try await engine.stop(holes.id, timeout: try call.number("t"), signal: call.query["signal"])
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/restart") { call, holes in
                try await engine.restart(holes.id, timeout: try call.number("t"), signal: call.query["signal"])
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/kill") { call, holes in
                try await engine.kill(holes.id, signal: call.query["signal"])
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/pause") { call, holes in
                try await engine.pause(holes.id)
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/unpause") { call, holes in
                try await engine.unpause(holes.id)
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/resize") { call, holes in
                let size = try call.terminalSize()
                try await engine.resize(holes.id, width: size.width, height: size.height)
                try await call.reply(.ok)
            },
            Route(.POST, "/containers/{id}/rename") { call, holes in
                try await engine.rename(holes.id, to: call.query["name"] ?? "")
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/{id}/update") { call, holes in
                guard let request = try await call.readJSON(ContainerUpdateRequest.self) else {
                    throw EngineError(400, "invalid JSON: got EOF while reading request body")
                }
                try await call.reply(json: try await engine.update(holes.id, request: request))
            },
            Route(.GET, "/containers/{id}/top") { call, holes in
                try await call.reply(json: try await engine.top(holes.id))
            },
            Route(.DELETE, "/containers/{id}") { call, holes in
                if call.query.flag("link") { throw EngineError.notImplemented("removing a link") }
                try await engine.remove(holes.id, force: call.query.flag("force"), volumes: call.query.flag("v"))
                try await call.reply(.noContent)
            },
            Route(.POST, "/containers/prune") { call, _ in
                try await call.reply(json: try await engine.pruneContainers(filters: try call.filters()))
            },
        ]
    }
}

/// The platforms that containers run on.
enum Platforms {
    /// - Throws: `EngineError` with 404 for another than the host's.
    static func check(_ platform: String) throws {
        let parts = platform.split(separator: "/").map(String.init)
        #if arch(arm64)
            let own = ["arm64", "aarch64"]
        #else
            let own = ["amd64", "x86_64", "x86-64"]
        #endif
        guard let first = parts.first, first == "linux" || own.contains(first),
            parts.count < 2 || own.contains(parts[1])
        else { throw EngineError(404, "no image for the platform \(platform): this engine runs linux/\(own[0])") }
    }
}

extension Call {
    /// The parameters `w` and `h`.
    ///
    /// - Throws: `EngineError` with 400.
    func terminalSize() throws -> (width: Int, height: Int) {
        guard let width = try number("w"), let height = try number("h"), (0...0xffff).contains(width),
            (0...0xffff).contains(height)
        else { throw EngineError(400, "the parameters 'h' and 'w' have to be a terminal's size in characters") }
        return (width, height)
    }
}
