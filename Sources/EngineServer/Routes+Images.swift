import Archive
import Engine
import EngineAPI
import NIOCore
import NIOHTTP1

extension Routes {
    /// Images.
    static func images(_ engine: Engine) -> [Route] {
        [
            Route(.GET, "/images/json") { call, _ in
                try await call.reply(
                    json: try await engine.images(filters: try call.filters(), all: call.query.flag("all")))
            },
            Route(.GET, "/images/get") { call, _ in
                try await save(
                    call, call.query.all("names").flatMap { $0.split(separator: ",").map(String.init) }, engine)
            },
            Route(.POST, "/images/load") { call, _ in try await load(call, engine) },
            Route(.POST, "/images/create") { call, _ in try await create(call, engine) },
            Route(.POST, "/images/prune") { call, _ in
                try await call.reply(json: try await engine.pruneImages(filters: try call.filters()))
            },
            Route(.GET, "/images/{name}/json") { call, holes in
                try await call.reply(json: try await engine.inspectImage(holes.name))
            },
            Route(.GET, "/images/{name}/history") { call, holes in
                try await call.reply(json: try await engine.imageHistory(holes.name))
            },
            Route(.GET, "/images/{name}/get") { call, holes in try await save(call, [holes.name], engine) },
            Route(.POST, "/images/{name}/tag") { call, holes in
                try await engine.tagImage(
                    holes.name, repository: call.query["repo"] ?? "", tag: call.query["tag"])
                try await call.reply(.created)
            },
            Route(.DELETE, "/images/{name}") { call, holes in
                try await call.reply(
                    json: try await engine.deleteImage(holes.name, force: call.query.flag("force")))
            },
        ]
    }

    /// Runs `body` with the request's body as an archive's bytes.
    static func withArchive<T: Sendable>(_ call: Call, _ body: @Sendable @escaping (ByteChannel) async throws -> T)
        async throws -> T
    {
        let archive = ByteChannel()
        let copy = Task {
            do {
                while let chunk = try await call.body.next() { try await archive.send(Array(chunk.readableBytesView)) }
                archive.end()
            } catch {
                archive.fail(error)
            }
        }
        do {
            let result = try await body(archive)
            // An archive may end before the stream does.
            archive.fail(ArchiveError.cancelled)
            call.body.discard()
            copy.cancel()
            return result
        } catch {
            archive.fail(ArchiveError.cancelled)
            call.body.discard()
            copy.cancel()
            throw error
        }
    }

    private static func load(_ call: Call, _ engine: Engine) async throws {
        if let platform = call.query["platform"] { try checkPlatforms(platform) }
        let progress = Progress(call)
        do {
            try await withArchive(call) { archive in
                try await engine.load(archive) { try await progress.send($0) }
            }
            try await progress.begin()
        } catch let error as EngineError {
            try await progress.fail(error)
        }
    }

    private static func checkPlatforms(_ json: String) throws {
        // A platform is sent as JSON here; only its architecture matters.
        guard json.contains("\"linux\"") || !json.contains("{") else {
            throw EngineError(404, "no image for the platform \(json)")
        }
    }

    private static func create(_ call: Call, _ engine: Engine) async throws {
        let query = call.query
        if let source = query["fromSrc"] {
            guard source == "-" else {
                throw EngineError(501, "import from \(source): not implemented; send the archive in the request's body")
            }
            let progress = Progress(call)
            do {
                let id = try await withArchive(call) { archive in
                    try await engine.importImage(
                        archive, repository: query["repo"], tag: query["tag"], message: query["message"] ?? "",
                        changes: query.all("changes"))
                }
                var message = ProgressMessage()
                message.status = id
                try await progress.send(message)
            } catch let error as EngineError {
                try await progress.fail(error)
            }
            return
        }
        guard let name = query["fromImage"] else { throw EngineError(400, "neither fromImage nor fromSrc was given") }
        try await pull(call, name, engine)
    }

    private static func save(_ call: Call, _ names: [String], _ engine: Engine) async throws {
        let images = try await engine.imagesToSave(names)
        let archive = ByteChannel()
        let writer = try await call.stream(contentType: "application/x-tar")
        let task = Task { try await engine.save(images, to: archive) }
        do {
            while let bytes = try await archive.next() { try await writer.write(bytes) }
            try await task.value
        } catch {
            archive.fail(error)
            task.cancel()
            throw error
        }
    }
}

/// The answer of a call that reports its progress: it begins with the first report, so that an error before it still has a
/// status of its own.
actor Progress {
    private let call: Call
    private var writer: BodyWriter?

    init(_ call: Call) { self.call = call }

    @discardableResult
    func begin() async throws -> BodyWriter {
        if let writer { return writer }
        let new = try await call.stream(contentType: "application/json")
        writer = new
        return new
    }

    func send(_ message: ProgressMessage) async throws { try await begin().write(json: message) }

    func fail(_ error: EngineError) async throws {
        guard let writer else { throw error }
        var message = ProgressMessage()
        message.error = error.message
        message.errorDetail = ProgressMessage.ErrorDetail(message: error.message)
        try await writer.write(json: message)
    }
}
