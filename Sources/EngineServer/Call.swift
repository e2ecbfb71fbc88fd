import Engine
import Host
import EngineAPI
import NIOCore
import NIOHTTP1
import Synchronization

/// One request and the ways to answer it. It is used by one task.
package final class Call: Sendable {
    /// What becomes of the connection.
    enum End: Sendable { case keepAlive, close, hijacked }

    private enum Phase: Sendable { case waiting, streaming, ended, hijacked, broken }

    /// The largest JSON body that is read.
    static let bodyLimit = 8 << 20

    let method: HTTPMethod
    /// The path without the version, still percent-encoded.
    let path: String
    let query: Query
    let headers: HTTPHeaders
    let version: APIVersion
    /// Whether the path named a version that is not spoken; such a call is refused.
    let versionProblem: String?
    let body: InboundBytes

    private let channel: any Channel
    private let httpVersion: HTTPVersion
    private let keepAlive: Bool
    private let takeOver: @Sendable (RawHandler) async throws -> Void
    private let phase = Mutex(Phase.waiting)

    init(
        head: HTTPRequestHead, body: InboundBytes, channel: any Channel, keepAlive: Bool,
        takeOver: @escaping @Sendable (RawHandler) async throws -> Void
    ) {
        let target = Target(head.uri)
        method = head.method
        headers = head.headers
        httpVersion = head.version
        path = target.path
        query = target.query
        version = target.version
        versionProblem = target.problem
        self.body = body
        self.channel = channel
        self.keepAlive = keepAlive
        self.takeOver = takeOver
    }

    // MARK: reading

    /// The whole body.
    ///
    /// - Throws: `EngineError` with 413 when it is longer than `bodyLimit`.
    func readBody() async throws -> [UInt8] {
        var all: [UInt8] = []
        while let chunk = try await body.next() {
            guard all.count + chunk.readableBytes <= Call.bodyLimit else {
                throw EngineError(413, "request body too large: at most \(Call.bodyLimit) bytes are read")
            }
            all.append(contentsOf: chunk.readableBytesView)
        }
        return all
    }

    /// The body as JSON; nil when it is empty.
    ///
    /// - Throws: `EngineError` with 400 that says which field is wrong.
    func readJSON<T: Decodable>(_ type: T.Type) async throws -> T? {
        let bytes = try await readBody()
        guard bytes.contains(where: { $0 > 32 }) else { return nil }
        if let media = headers.first(name: "content-type"),
            !media.lowercased().hasPrefix("application/json"), !media.lowercased().hasPrefix("text/plain")
        {
            throw EngineError(
                400, "unsupported Content-Type header (\(media)): must be 'application/json'")
        }
        do {
            return try EngineJSON.decode(type, from: bytes)
        } catch let error as DecodingError {
            throw EngineError(400, describe(error))
        }
    }

    // MARK: answering

    /// Answers with no body.
    func reply(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:]) async throws {
        try await reply(status, bytes: [], headers: headers)
    }

    /// Answers with JSON.
    func reply(_ status: HTTPResponseStatus = .ok, json: some Encodable) async throws {
        // The newline is Go's encoder's; people at a terminal are glad of it too.
        try await reply(
            status, bytes: EngineJSON.encode(json) + [10], headers: ["Content-Type": "application/json"])
    }

    /// Answers with these bytes.
    func reply(_ status: HTTPResponseStatus, bytes: [UInt8], headers: HTTPHeaders) async throws {
        guard enter(.ended, from: .waiting) else { return }
        var head = responseHead(status, headers)
        let empty = status == .noContent || status == .notModified
        if !empty, !(method == .HEAD && head.headers.contains(name: "Content-Length")) {
            head.headers.replaceOrAdd(name: "Content-Length", value: "\(bytes.count)")
        }
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if !bytes.isEmpty, !empty, method != .HEAD {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
        }
        try await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
    }

    /// Begins an answer whose length is not known: the head goes out at once.
    func stream(
        _ status: HTTPResponseStatus = .ok, contentType: String, headers: HTTPHeaders = [:]
    ) async throws -> BodyWriter {
        guard enter(.streaming, from: .waiting) else { throw ClientGone() }
        var headers = headers
        headers.add(name: "Content-Type", value: contentType)
        try await channel.writeAndFlush(HTTPServerResponsePart.head(responseHead(status, headers))).get()
        return BodyWriter(channel: channel)
    }

    /// Takes the connection over: `101 UPGRADED` when the client asked for that, else a plain `200 OK`, and then bytes of
    /// no form both ways.
    func hijack(multiplexed: Bool) async throws -> Hijacked {
        // What is left of the request is not part of the stream.
        while try await body.next() != nil {}
        guard enter(.hijacked, from: .waiting) else { throw ClientGone() }
        let raw = RawHandler(channel: channel)
        try await takeOver(raw)
        let kind = multiplexed && version >= APIVersion(1, 42) ? "multiplexed" : "raw"
        let type = "Content-Type: application/vnd.docker.\(kind)-stream\r\n"
        let head =
            headers.contains(name: "Upgrade")
            ? "HTTP/1.1 101 UPGRADED\r\n\(type)Connection: Upgrade\r\nUpgrade: tcp\r\n"
            : "HTTP/1.1 200 OK\r\n\(type)"
        let common = commonHeaders().map { "\($0.name): \($0.value)\r\n" }.joined()
        try await channel.writeAndFlush(ByteBuffer(string: head + common + "\r\n")).get()
        return Hijacked(channel: channel, raw: raw)
    }

    /// Answers with an error, unless an answer has begun: then the connection is broken off, which tells the client that the
    /// stream is not complete.
    func fail(_ error: EngineError) async {
        let streaming = phase.withLock { phase in
            if phase == .streaming || phase == .hijacked { phase = .broken }
            return phase == .broken
        }
        guard !streaming else { return }
        guard error.status >= 400 else {
            try? await reply(HTTPResponseStatus(statusCode: error.status))
            return
        }
        try? await reply(HTTPResponseStatus(statusCode: error.status), json: ErrorResponse(message: error.message))
    }

    /// Completes the answer.
    func finish() async -> End {
        let before = phase.withLock { phase in
            let before = phase
            if phase != .hijacked { phase = .ended }
            return before
        }
        switch before {
        case .waiting, .broken:
            try? await channel.close().get()
            return .close
        case .streaming:
            try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
            return .keepAlive
        case .ended: return .keepAlive
        case .hijacked: return .hijacked
        }
    }

    private func enter(_ new: Phase, from old: Phase) -> Bool {
        phase.withLock { phase in
            guard phase == old else { return false }
            phase = new
            return true
        }
    }

    private func responseHead(_ status: HTTPResponseStatus, _ headers: HTTPHeaders) -> HTTPResponseHead {
        var head = HTTPResponseHead(version: httpVersion, status: status, headers: commonHeaders())
        head.headers.add(contentsOf: headers)
        if !keepAlive { head.headers.add(name: "Connection", value: "close") }
        return head
    }

    private func commonHeaders() -> HTTPHeaders {
        [
            "Api-Version": APIVersion.newest.description, "Docker-Experimental": "false", "Ostype": "linux",
            "Server": "ukontainer/\(Version.text) (linux)",
        ]
    }
}

/// The body of an answer whose length is not known.
struct BodyWriter: Sendable {
    fileprivate let channel: any Channel

    /// Sends bytes and waits until the socket has taken them, so that a slow client holds back its own task and nothing piles
    /// up in memory.
    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))).get()
    }

    /// Sends one line of JSON.
    func write(json: some Encodable) async throws { try await write(EngineJSON.encode(json) + [13, 10]) }
}

/// A connection that was taken over.
struct Hijacked: Sendable {
    fileprivate let channel: any Channel
    let raw: RawHandler

    /// What the client sends.
    var input: InboundBytes { raw.input }

    /// Sends bytes and waits until the socket has taken them.
    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Closes the connection.
    func close() async { try? await channel.close().get() }
}

/// Says which field of a body is wrong, in one line.
private func describe(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context, _ last: String? = nil) -> String {
        (context.codingPath.map(\.stringValue) + (last.map { [$0] } ?? [])).joined(separator: ".")
    }
    switch error {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
        return "invalid JSON: field \(path(context)): expected \(type)"
    case .keyNotFound(let key, let context): return "invalid JSON: field \(path(context, key.stringValue)) is missing"
    case .dataCorrupted(let context):
        let place = path(context)
        return place.isEmpty
            ? "invalid JSON: \(context.debugDescription)" : "invalid JSON: field \(place): \(context.debugDescription)"
    @unknown default: return "invalid JSON: \(error)"
    }
}
