import Host
import NIOCore
import NIOHTTP1
import NIOPosix
import SystemPackage

/// A client of the Docker Engine API over HTTP/1.1, on a unix socket or TCP.
///
/// Every request has a connection of its own: on a unix socket that costs next to nothing, and streams, uploads and hijacked
/// connections need one anyway. The API version is agreed on once, at the first request.
public actor EngineClient {
    /// The newest API version that this client speaks.
    public static let newestVersion = "1.50"

    /// The engine's address.
    public nonisolated let address: EngineAddress
    private let group: any EventLoopGroup
    private let userAgent: String
    private var agreedVersion: String?

    /// A client of the engine at `address`. Nothing is sent yet.
    ///
    /// - Parameter version: the API version to use, without asking the engine (`DOCKER_API_VERSION`).
    public init(address: EngineAddress, userAgent: String, version: String? = environment("DOCKER_API_VERSION")) {
        self.address = address
        self.userAgent = userAgent
        self.agreedVersion = version
        // One thread serves a command line; a process has one client, so the thread ends with it.
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// The version in use: the older one of the engine's newest and the client's newest.
    ///
    /// - Throws: `EngineError.unreachable` when nobody answers.
    public func version() async throws -> String {
        if let agreedVersion { return agreedVersion }
        var ping = EngineRequest("GET", "/_ping")
        ping.isUnversioned = true
        let theirs = try await withResponse(ping) { response in response.headers.first(name: "Api-Version") }
        let version = Self.older(theirs ?? "1.24", Self.newestVersion)
        agreedVersion = version
        return version
    }

    /// Sends a request and hands the answer to `body`, which may read it as it arrives.
    ///
    /// - Throws: `EngineError.refused` for a status of 400 and above; what `body` throws.
    public func withResponse<Result: Sendable>(
        _ request: EngineRequest, _ body: @Sendable (EngineResponse) async throws -> Result
    ) async throws -> Result {
        let target = request.target(version: request.isUnversioned ? nil : try await version())
        return try await connected { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        try await self.send(request, target: target, upgrade: false, to: outbound)
                    } catch is ChannelError {
                        // The engine may answer, and hang up, before it has read all; the answer tells more.
                    }
                }
                var parts = inbound.makeAsyncIterator()
                let head = try await Self.head(&parts)
                let response = EngineResponse(
                    status: Int(head.status.code), headers: head.headers, body: .init(parts: parts))
                guard response.status < 400 else { throw try await Self.refusal(response) }
                let result = try await body(response)
                group.cancelAll()
                return result
            }
        }
    }

    /// Sends a request and returns its JSON answer.
    ///
    /// - Throws: `EngineError.refused` for a status of 400 and above.
    @discardableResult
    public func json(_ request: EngineRequest) async throws -> JSONValue {
        try await withResponse(request) { try await $0.json() }
    }

    /// Sends a request whose answer turns the connection into a pipe (attach, exec start), and hands over its two sides.
    ///
    /// - Throws: `EngineError.refused` when the engine answers with an error instead.
    public func withHijack<Result: Sendable>(
        _ request: EngineRequest, terminal: Bool,
        _ body: @Sendable (HijackedConnection, HijackedOutput) async throws -> Result
    ) async throws -> Result {
        let target = request.target(version: try await version())
        return try await connected { inbound, outbound in
            try await self.send(request, target: target, upgrade: true, to: outbound)
            var parts = inbound.makeAsyncIterator()
            let head = try await Self.head(&parts)
            guard head.status == .switchingProtocols else {
                let response = EngineResponse(
                    status: Int(head.status.code), headers: head.headers, body: .init(parts: parts))
                if response.status >= 400 { throw try await Self.refusal(response) }
                throw EngineError.protocolViolation("\(head.status) where the connection should be upgraded")
            }
            let type = head.headers.first(name: "Content-Type")
            let multiplexed = type == "application/vnd.docker.multiplexed-stream" || (type != nil && !terminal)
            return try await body(
                HijackedConnection(inbound: inbound, outbound: outbound, multiplexed: multiplexed),
                HijackedOutput(iterator: parts, demultiplexer: multiplexed ? StreamDemultiplexer() : nil))
        }
    }

    private func send(
        _ request: EngineRequest, target: String, upgrade: Bool, to out: NIOAsyncChannelOutboundWriter<RequestPart>
    ) async throws {
        var headers = HTTPHeaders([("Host", "docker"), ("User-Agent", userAgent)])
        if upgrade {
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: "tcp")
        } else {
            headers.add(name: "Connection", value: "close")
        }
        for (name, value) in request.headers { headers.add(name: name, value: value) }
        var payload = ByteBuffer()
        switch request.body {
        case .none:
            if request.method != "GET", request.method != "HEAD" { headers.add(name: "Content-Length", value: "0") }
        case .json(let value):
            payload.writeString(value.compactText)
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(payload.readableBytes))
        case .tar:
            headers.add(name: "Content-Type", value: "application/x-tar")
            headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: target, headers: headers)
        if case .tar(let pieces) = request.body {
            try await out.write(.head(head))
            for try await piece in pieces { try await out.write(.body(ByteBuffer(bytes: piece))) }
            return try await out.write(.end)
        }
        // At once, so that an engine that upgrades the connection early finds the whole request sent.
        try await out.write(
            contentsOf: payload.readableBytes > 0 ? [.head(head), .body(payload), .end] : [.head(head), .end])
    }

    /// Opens a connection for `body`, and says in the client's words when it breaks off.
    private func connected<Result: Sendable>(
        _ body:
            @Sendable (
                NIOAsyncChannelInboundStream<ResponsePart>, NIOAsyncChannelOutboundWriter<RequestPart>
            ) async throws -> Result
    ) async throws -> Result {
        let channel = try await connect()
        do {
            return try await channel.executeThenClose(body)
        } catch  where error is HTTPParserError || error is IOError || error is ChannelError {
            throw EngineError.interrupted(address: address.description, reason: "\(error)")
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ResponsePart, RequestPart> {
        let bootstrap = ClientBootstrap(group: group).channelOption(.allowRemoteHalfClosure, value: true)
        let setUp: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ResponsePart, RequestPart>> = { channel in
            channel.eventLoop.makeCompletedFuture {
                let gate = UpgradeGate()
                try channel.pipeline.syncOperations.addHandlers([
                    gate, HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), HTTPHandler(gate),
                ])
                return try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
        do {
            switch address {
            case .unix(let path):
                // Connected by hand: a path may be longer than an address has room for.
                let socket = try UnixSocket.connect(path)
                return try await bootstrap.withConnectedSocket(socket.rawValue, channelInitializer: setUp)
            case .tcp(let host, let port):
                return try await bootstrap.connect(host: host, port: port, channelInitializer: setUp)
            }
        } catch {
            let reason = (error as? HostError).map { "\($0.errno)" } ?? "\(error)"
            throw EngineError.unreachable(address: address.description, reason: reason)
        }
    }

    private static func head(
        _ parts: inout NIOAsyncChannelInboundStream<ResponsePart>.AsyncIterator
    ) async throws -> HTTPResponseHead {
        guard let part = try await parts.next() else {
            throw EngineError.protocolViolation("the connection was closed before an answer")
        }
        guard case .head(let head) = part else { throw EngineError.protocolViolation("a body without a head") }
        return head
    }

    private static func refusal(_ response: EngineResponse) async throws -> EngineError {
        let bytes = try await response.body.collected()
        let message = (try? JSONParser.parse(bytes))?["message"]?.string ?? String(decoding: bytes, as: UTF8.self)
        let text = message.isEmpty ? "\(HTTPResponseStatus(statusCode: response.status))" : message
        return .refused(status: response.status, message: text)
    }

    /// The older one of two API versions such as "1.41" and "1.50".
    package static func older(_ one: String, _ other: String) -> String {
        let numbers = [one, other].map { $0.split(separator: ".").map { Int($0) ?? 0 } }
        return numbers[0].lexicographicallyPrecedes(numbers[1]) ? one : other
    }
}
