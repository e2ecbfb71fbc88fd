import EngineClient
import Testing

@Suite(.timeLimit(.minutes(10))) struct EngineClientTests {
    private let ping = ["HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"]

    private func client(_ engine: FakeEngine, version: String? = "1.50") -> EngineClient {
        EngineClient(address: .unix(engine.path), userAgent: "test", version: version)
    }

    @Test func theOlderVersionOfBothIsUsed() async throws {
        let engine = try FakeEngine(answers: [ping, ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]])
        try await client(engine, version: nil).json(EngineRequest("GET", "/info"))
        let requests = try await engine.requests
        #expect(requests[0].hasPrefix("GET /_ping HTTP/1.1\r\n"))
        #expect(requests[1].hasPrefix("GET /v1.41/info HTTP/1.1\r\n"))
    }

    @Test func aRefusalCarriesTheEnginesMessage() async throws {
        let engine = try FakeEngine(answers: [
            ["HTTP/1.1 404 Not Found\r\nContent-Length: 37\r\n\r\n", #"{"message":"No such container: none"}"#]
        ])
        await #expect(throws: EngineError.refused(status: 404, message: "No such container: none")) {
            try await client(engine).json(EngineRequest("GET", "/containers/none/json"))
        }
    }

    @Test func nobodyAtTheAddressIsSaidSo() async throws {
        let client = EngineClient(address: .unix("/nowhere/docker.sock"), userAgent: "test")
        do {
            _ = try await client.version()
            Issue.record("should have failed")
        } catch let error as EngineError {
            #expect("\(error)".hasPrefix("Cannot connect to the Docker daemon at unix:///nowhere/docker.sock"))
        }
    }

    @Test func anEngineThatHangsUpIsAnErrorNotAHang() async throws {
        let engine = try FakeEngine(answers: [[]])
        await #expect(throws: EngineError.self) { try await client(engine).json(EngineRequest("GET", "/info")) }
    }

    @Test func anAnswerThatBreaksOffIsAnErrorOfTheConnection() async throws {
        let engine = try FakeEngine(answers: [
            ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "8\r\n{\"a\":"]
        ])
        do {
            try await client(engine).json(EngineRequest("GET", "/events"))
            Issue.record("should have failed")
        } catch EngineError.interrupted(let address, _) {
            #expect(address == "unix://\(engine.path)")
        }
    }

    @Test func streamedValuesArriveOneByOne() async throws {
        let engine = try FakeEngine(answers: [
            [
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "8\r\n{\"a\":1}\n\r\n5\r\n{\"a\":\r\n",
                "2\r\n2}\r\n", "0\r\n\r\n",
            ]
        ])
        let values = try await client(engine).withResponse(EngineRequest("GET", "/events")) { response in
            var values: [Int64] = []
            try await response.forEachValue { values.append($0["a"]?.integer ?? 0) }
            return values
        }
        #expect(values == [1, 2])
    }

    @Test func whatComesWithTheUpgradeIsNotLost() async throws {
        let frame = "\u{1}\0\0\0\0\0\0\u{2}hi"
        let head =
            "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        let engine = try FakeEngine(answers: [[head + frame, frame, "<wait for input>", frame]])
        let request = EngineRequest("POST", "/exec/1/start", body: .json(["Detach": false]))
        let text = try await client(engine).withHijack(request, terminal: false) { connection, output in
            try await connection.write("typed".utf8)
            // The output goes on after the input has ended: the engine answers once more when it sees the end.
            connection.closeInput()
            var output = output
            var text = ""
            while let pieces = try await output.next() {
                for piece in pieces { text += String(decoding: piece.bytes, as: UTF8.self) }
            }
            return text
        }
        #expect(text == "hihihi")
        let sent = try await engine.requests[0]
        #expect(sent.contains("Connection: Upgrade\r\nUpgrade: tcp\r\n"))
        #expect(sent.hasSuffix("{\"Detach\":false}typed"))
    }

    /// A quick command's output and its end come in one go with the head of the answer.
    @Test func whatComesWithTheUpgradeIsNotLostWhenTheEngineHangsUp() async throws {
        let answer = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nquick"
        let engine = try FakeEngine(answers: Array(repeating: [answer], count: 200))
        let client = client(engine)
        for _ in 0..<200 {
            let text = try await client.withHijack(EngineRequest("POST", "/exec/1/start"), terminal: true) {
                _, output in
                var output = output
                var text = ""
                while let pieces = try await output.next() {
                    for piece in pieces { text += String(decoding: piece.bytes, as: UTF8.self) }
                }
                return text
            }
            #expect(text == "quick")
        }
    }

    @Test func aRefusedUpgradeIsAnError() async throws {
        let engine = try FakeEngine(answers: [
            ["HTTP/1.1 409 Conflict\r\nContent-Length: 24\r\n\r\n{\"message\":\"not running\"}"]
        ])
        await #expect(throws: EngineError.self) {
            try await client(engine).withHijack(EngineRequest("POST", "/exec/1/start"), terminal: true) { _, _ in }
        }
    }

    @Test func anUploadThatIsRefusedMidwayTellsWhy() async throws {
        let engine = try FakeEngine(answers: [
            [
                "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 29\r\nConnection: close\r\n\r\n{\"message\":\"no space left...\"}"
            ]
        ])
        let endless = AsyncStream<[UInt8]> { [UInt8](repeating: 0, count: 65536) }
        let pieces = endless.map { piece in
            try Task.checkCancellation()
            return piece
        }
        await #expect(throws: EngineError.self) {
            try await client(engine).json(EngineRequest("POST", "/images/load", body: .tar(pieces)))
        }
    }
}
