import Engine
import EngineAPI
import NIOHTTP1

extension Routes {
    /// Further processes in containers.
    static func execs(_ engine: Engine) -> [Route] {
        [
            Route(.POST, "/containers/{id}/exec") { call, holes in
                guard let request = try await call.readJSON(ExecCreateRequest.self) else {
                    throw EngineError(400, "invalid JSON: got EOF while reading request body")
                }
                try await call.reply(.created, json: try await engine.createExec(holes.id, request: request))
            },
            Route(.POST, "/exec/{id}/start") { call, holes in try await start(call, holes.id, engine) },
            Route(.POST, "/exec/{id}/resize") { call, holes in
                let size = try call.terminalSize()
                try await engine.resizeExec(holes.id, width: size.width, height: size.height)
                try await call.reply(.ok)
            },
            Route(.GET, "/exec/{id}/json") { call, holes in
                try await call.reply(json: try await engine.inspectExec(holes.id))
            },
        ]
    }

    private static func start(_ call: Call, _ id: String, _ engine: Engine) async throws {
        let request = try await call.readJSON(ExecStartRequest.self) ?? ExecStartRequest()
        guard let attachment = try await engine.beginExec(id, detach: request.detach) else {
            try await engine.startExec(id, consoleSize: request.consoleSize)
            return try await call.reply(.ok)
        }
        let connection = try await call.hijack(multiplexed: !attachment.terminal)
        do {
            try await engine.startExec(id, consoleSize: request.consoleSize)
        } catch {
            // The connection is no longer HTTP: the client reads the reason as output, and the exit code from the exec.
            attachment.output?.cancel()
            let text = Frame(.stdout, Array("\(error)\r\n".utf8))
            try? await connection.write(Streaming.encode([text], framed: !attachment.terminal))
            await connection.close()
            return
        }
        await Streaming.run(attachment, connection)
    }
}
