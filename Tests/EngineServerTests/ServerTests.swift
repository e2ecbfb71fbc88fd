import Engine
import EngineAPI
import EngineServer
import EngineTestSupport
import Glibc
import Host
import Logging
import SystemPackage
import Testing

/// A connection on which bytes are written as they are meant to be.
private struct Client {
    let socket: FileDescriptor

    init(_ path: String) throws {
        socket = try UnixSocket.connect(FilePath(path))
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ text: String) throws { _ = try socket.writeAll(text.utf8) }

    func endInput() { shutdown(socket.rawValue, CInt(SHUT_WR)) }

    /// Reads until the text is there, the other side closes, or five seconds are over.
    func read(until end: String? = nil) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while end.map({ !String(decoding: bytes, as: UTF8.self).contains($0) }) ?? true {
            let count = buffer.withUnsafeMutableBytes { recv(socket.rawValue, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func close() { try? socket.close() }
}

@Suite(.timeLimit(.minutes(10)), .serialized) struct ServerTests {
    let scratch: Scratch
    let engine: Engine
    let server: Server
    let path: String

    init() async throws {
        scratch = Scratch()
        path = scratch.path + "/docker.sock"
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        engine = try await Engine(configuration: scratch.configuration, manager: FakeManager(), logger: logger)
        server = try await Server.start(engine: engine, sockets: [FilePath(path)], logger: logger)
    }

    private func ask(_ request: String, until end: String? = nil) throws -> String {
        let client = try Client(path)
        defer { client.close() }
        try client.send(request)
        return client.read(until: end)
    }

    private func container(_ command: [String], stdin: Bool = false) async throws -> String {
        var config = ContainerConfig()
        config.image = "test"
        config.cmd = command
        config.openStdin = stdin
        config.stdinOnce = stdin
        return try await engine.create(name: nil, request: ContainerCreateRequest(config: config)).id
    }

    @Test func aPingSaysWhatIsSpoken() throws {
        let answer = try ask("HEAD /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        for header in ["Api-Version: 1.50", "Ostype: linux", "Docker-Experimental: false", "Server: ukontainer/"] {
            #expect(answer.contains(header))
        }
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func requestsSentTogetherAreAnsweredInTurn() throws {
        let answer = try ask(
            "GET /_ping HTTP/1.1\r\nHost: x\r\n\r\nGET /v1.99/info HTTP/1.1\r\nHost: x\r\n\r\n"
                + "GET /containers/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let codes = answer.split(separator: "\r\n").filter { $0.contains("HTTP/1.1 ") }.map { $0.suffix(6) }
        #expect(answer.components(of: "HTTP/1.1 ") == 3, "\(codes)")
        #expect(answer.contains("400 Bad Request") && answer.contains("too new") && answer.hasSuffix("[]\n"))
    }

    @Test(arguments: [
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{\"a\":", "400"),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "400"),
        ("POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
        ("GARBAGE\r\n\r\n", "400"),
        ("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("PUT /containers/json HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
        ("GET /containers/json?filters=x HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("POST /build HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "501"),
        ("GET /nodes HTTP/1.1\r\nHost: x\r\n\r\n", "503"),
    ])
    func badInputIsAnsweredAndTheServerGoesOn(_ request: String, _ code: String) throws {
        #expect(try ask(request, until: "\n").hasPrefix("HTTP/1.1 \(code)"))
        #expect(try ask("GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").hasSuffix("OK"))
    }

    @Test func aBodyThatIsTooLargeIsRefused() throws {
        let client = try Client(path)
        defer { client.close() }
        let size = 20 << 20
        try client.send("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
        let piece = String(repeating: " ", count: 1 << 20)
        for _ in 0..<20 { try client.send(piece) }
        #expect(client.read(until: "}").contains("413"))
    }

    @Test func aClientThatLeavesInTheMiddleIsForgotten() throws {
        for request in [
            "GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /images/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ] {
            let client = try Client(path)
            try client.send(request)
            client.close()
        }
        #expect(try ask("GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").hasSuffix("OK"))
    }

    @Test func anUpgradeKeepsWhatTheClientSentEarly() async throws {
        let id = try await container(["cat"], stdin: true)
        let client = try Client(path)
        defer { client.close() }
        try client.send(
            "POST /v1.50/containers/\(id)/attach?stdin=1&stdout=1&stderr=1&stream=1 HTTP/1.1\r\nHost: x\r\n"
                + "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\nearly\n")
        let head = client.read(until: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 101 UPGRADED\r\n"))
        #expect(head.contains("Content-Type: application/vnd.docker.multiplexed-stream"))
        try await engine.start(id)
        try client.send("late\n")
        client.endInput()
        var decoder = FrameDecoder()
        let output = try decoder.push(Array(client.read().utf8)).flatMap(\.bytes)
        #expect(String(decoding: output, as: UTF8.self) == "early\nlate\n")
    }

    @Test func withoutAnUpgradeTheConnectionIsTakenOverAllTheSame() async throws {
        let id = try await container(["echo", "hi"])
        let client = try Client(path)
        defer { client.close() }
        try client.send("POST /v1.41/containers/\(id)/attach?stdout=1&stream=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = client.read(until: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n"))
        try await engine.start(id)
        #expect(client.read() == String(decoding: Frame(.stdout, Array("hi\n".utf8)).encoded, as: UTF8.self))
    }

    @Test func theHeadOfAWaitComesBeforeTheEnd() async throws {
        let id = try await container(["sleep"])
        try await engine.start(id)
        let client = try Client(path)
        defer { client.close() }
        try client.send("POST /containers/\(id)/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK"))
        try await engine.kill(id, signal: nil)
        #expect(client.read(until: "}").contains(#"{"StatusCode":137}"#))
    }

    @Test func aSecondServerOnTheSocketIsRefused() async throws {
        await #expect(throws: HostError.self) {
            _ = try await Server.start(engine: engine, sockets: [FilePath(path)], logger: Logger(label: "test"))
        }
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
