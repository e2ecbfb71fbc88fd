import Archive
import Engine
import EngineAPI
import Foundation
import NIOHTTP1

extension Routes {
    /// Containers' files as archives.
    static func archives(_ engine: Engine) -> [Route] {
        [
            Route(.HEAD, "/containers/{id}/archive") { call, holes in
                let stat = try await engine.pathStat(holes.id, path: try call.archivePath())
                try await call.reply(.ok, headers: try header(stat))
            },
            Route(.GET, "/containers/{id}/archive") { call, holes in
                let (stat, body) = try await engine.archive(holes.id, path: try call.archivePath())
                try await send(call, headers: try header(stat), body)
            },
            Route(.PUT, "/containers/{id}/archive") { call, holes in
                let path = try call.archivePath()
                try await withArchive(call) { archive in
                    try await engine.unpack(archive, into: holes.id, path: path)
                }
                try await call.reply(.ok)
            },
            Route(.GET, "/containers/{id}/export") { call, holes in
                try await send(call, headers: [:], try await engine.export(holes.id))
            },
        ]
    }

    private static func header(_ stat: PathStat) throws -> HTTPHeaders {
        ["X-Docker-Container-Path-Stat": Data(try EngineJSON.encode(stat)).base64EncodedString()]
    }

    /// Sends an archive as it is made.
    static func send(
        _ call: Call, headers: HTTPHeaders, _ body: @escaping @Sendable (ByteChannel) async -> Void
    ) async throws {
        let archive = ByteChannel()
        let writer = try await call.stream(contentType: "application/x-tar", headers: headers)
        let task = Task { await body(archive) }
        do {
            while let bytes = try await archive.next() { try await writer.write(bytes) }
            await task.value
        } catch {
            archive.fail(error)
            throw error
        }
    }
}

extension Call {
    /// The parameter `path`.
    fileprivate func archivePath() throws -> String {
        guard let path = query["path"] else { throw EngineError(400, "bad parameter: path cannot be empty") }
        return path
    }
}
