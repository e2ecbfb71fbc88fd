import Engine
import EngineAPI
import Foundation
import NIOHTTP1

extension Routes {
    /// Registries: login, push, a look. Pull is a form of `POST /images/create`.
    static func registries(_ engine: Engine) -> [Route] {
        [
            Route(.POST, "/images/{name}/push") { call, holes in
                let progress = Progress(call)
                do {
                    try await engine.push(holes.name, tag: call.query["tag"], access: try access(call)) {
                        try await progress.send($0)
                    }
                } catch let error as EngineError {
                    try await progress.fail(error)
                }
            },
            Route(.GET, "/distribution/{name}/json") { call, holes in
                try await call.reply(json: try await engine.distribution(holes.name, access: try access(call)))
            },
            Route(.POST, "/auth") { call, _ in
                guard let access = try await call.readJSON(RegistryAccess.self) else {
                    throw EngineError(400, "invalid JSON: the body is empty")
                }
                try await engine.login(access)
                try await call.reply(json: ["Status": "Login Succeeded", "IdentityToken": ""])
            },
        ]
    }

    /// Fetches an image and streams how far it is.
    static func pull(_ call: Call, _ name: String, _ engine: Engine) async throws {
        let progress = Progress(call)
        do {
            try await engine.pull(
                name, tag: call.query["tag"], platform: call.query["platform"], access: try access(call)
            ) { try await progress.send($0) }
        } catch let error as EngineError {
            try await progress.fail(error)
        }
    }

    /// The `X-Registry-Auth` header: JSON in base64url, with or without padding.
    ///
    /// - Throws: `EngineError` with 400.
    private static func access(_ call: Call) throws -> RegistryAccess? {
        guard let header = call.headers.first(name: "X-Registry-Auth"), !header.isEmpty else { return nil }
        var text = header.filter { $0 != "=" }.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        while text.count % 4 != 0 { text.append("=") }
        guard let data = Data(base64Encoded: String(text)) else {
            throw EngineError(400, "invalid X-Registry-Auth header: no base64url")
        }
        if data.isEmpty { return nil }
        do {
            return try EngineJSON.decode(RegistryAccess.self, from: [UInt8](data))
        } catch {
            throw EngineError(400, "invalid X-Registry-Auth header: no JSON of an account")
        }
    }
}
