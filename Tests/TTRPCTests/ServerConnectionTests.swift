import TTRPC
import Testing

@Suite struct ServerConnectionTests {
    private let request = Request(
        service: "containerd.task.v2.Task", method: "State", payload: [10, 1, 97], timeoutNanoseconds: 5,
        metadata: [Request.KeyValue(Request.namespaceKey, "moby")])

    private func frames(_ bytes: [UInt8]) -> [Frame] {
        var decoder = FrameDecoder()
        return bytes.withUnsafeBytes { decoder.receive($0) }.compactMap {
            if case .frame(let frame) = $0 { return frame }
            return nil
        }
    }

    private func send(_ frame: Frame, to server: inout ServerConnection) -> [ServerConnection.Call] {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        return bytes.withUnsafeBytes { server.receive($0) }
    }

    /// What the server said, as a client reads it that has made `calls` calls.
    private func answers(_ server: ServerConnection, calls: Int) throws -> [ClientConnection.Answer] {
        var client = ClientConnection()
        for _ in 0..<calls { _ = try client.call(request) }
        return server.output.withUnsafeBytes { client.receive($0) }
    }

    private func requestFrames(_ count: Int) throws -> [Frame] {
        var client = ClientConnection()
        for _ in 0..<count { _ = try client.call(request) }
        return frames(client.output)
    }

    @Test func aCallCarriesServiceMethodPayloadTimeoutAndMetadata() throws {
        var server = ServerConnection()
        let calls = send(try requestFrames(1)[0], to: &server)
        #expect(calls.map(\.request) == [request])
        #expect(calls.map(\.stream) == [1])
    }

    @Test func callsAreAnsweredInAnyOrder() throws {
        var server = ServerConnection()
        for frame in try requestFrames(3) { #expect(send(frame, to: &server).count == 1) }
        server.respond(5, .success([5]))
        server.respond(1, .success([1]))
        server.respond(3, .failure(TTRPCError(.notFound, "no such thing: not found")))
        #expect(try answers(server, calls: 3).map(\.stream) == [5, 1, 3])
        #expect(
            try answers(server, calls: 3).map(\.result) == [
                .success([5]), .success([1]), .failure(TTRPCError(.notFound, "no such thing: not found")),
            ])
        #expect(server.open.isEmpty)
    }

    @Test func aSecondAnswerIsDropped() throws {
        var server = ServerConnection()
        _ = send(try requestFrames(1)[0], to: &server)
        server.respond(1, .success([]))
        let output = server.output
        server.respond(1, .success([]))
        #expect(server.output == output)
    }

    @Test func aFiveMebibyteCallIsRefused_andTheConnectionGoesOn() throws {
        var server = ServerConnection()
        let big = Frame(stream: 1, kind: .request, data: [UInt8](repeating: 0, count: 5 << 20))
        #expect(send(big, to: &server).isEmpty)
        guard case .failure(let error) = try answers(server, calls: 1)[0].result else { return #expect(Bool(false)) }
        #expect(error.code == .resourceExhausted)
        #expect(send(try requestFrames(2)[1], to: &server).count == 1)
    }

    @Test func garbageInACallIsAnsweredWithInvalidArgument() throws {
        var server = ServerConnection()
        #expect(send(Frame(stream: 1, kind: .request, data: [0xFF, 0xFF, 0xFF, 0xFF]), to: &server).isEmpty)
        guard case .failure(let error) = try answers(server, calls: 1)[0].result else { return #expect(Bool(false)) }
        #expect(error.code == .invalidArgument)
        #expect(send(try requestFrames(2)[1], to: &server).count == 1)
    }

    @Test func evenStreamsAreRefused() throws {
        var server = ServerConnection()
        var frame = try requestFrames(1)[0]
        frame.stream = 2
        #expect(send(frame, to: &server).isEmpty)
        #expect(frames(server.output).map(\.stream) == [2])
    }

    @Test func aStreamIsNotUsedTwice() throws {
        var server = ServerConnection()
        let two = try requestFrames(2)
        #expect(send(two[1], to: &server).count == 1)
        #expect(send(two[1], to: &server).isEmpty)
        #expect(send(two[0], to: &server).isEmpty)
        #expect(frames(server.output).map(\.stream) == [3, 1])
    }

    @Test func unknownKindsOfFramesAreIgnored() throws {
        var server = ServerConnection()
        for kind in [0, 2, 4, 255] as [UInt8] {
            #expect(send(Frame(stream: 1, kind: Frame.Kind(rawValue: kind), data: [1]), to: &server).isEmpty)
        }
        #expect(server.output.isEmpty)
        #expect(send(try requestFrames(1)[0], to: &server).count == 1)
    }

    @Test func dataForAStreamThatIsNotOpenIsRefused() {
        var server = ServerConnection()
        #expect(send(Frame(stream: 7, kind: .data, data: [1]), to: &server).isEmpty)
        #expect(frames(server.output).map(\.stream) == [7])
    }

    @Test func sentBytesAreForgotten() throws {
        var server = ServerConnection()
        _ = send(try requestFrames(1)[0], to: &server)
        server.respond(1, .success([1, 2, 3]))
        let output = server.output
        server.sent(4)
        #expect(server.output == Array(output.dropFirst(4)))
        server.sent(output.count - 4)
        #expect(server.output.isEmpty)
    }

    @Test func anAnswerThatIsTooLongBecomesAnError() throws {
        var server = ServerConnection()
        _ = send(try requestFrames(1)[0], to: &server)
        server.respond(1, .success([UInt8](repeating: 1, count: 5 << 20)))
        guard case .failure(let error) = try answers(server, calls: 1)[0].result else { return #expect(Bool(false)) }
        #expect(error.code == .resourceExhausted)
    }
}

@Suite struct ServerConnectionGarbageTests {
    /// A linear congruential generator: the same garbage each time.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
    }

    @Test func mutatedFramesNeverStopTheConnection() throws {
        var client = ClientConnection()
        for number in 0..<20 {
            _ = try client.call(
                Request(
                    service: "s\(number)", method: "m", payload: [UInt8](repeating: UInt8(number), count: number * 7)))
        }
        var generator = Generator(state: 7)
        for _ in 0..<2000 {
            var bytes = client.output
            for _ in 0..<Int.random(in: 1...20, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            var server = ServerConnection()
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = Array(rest.prefix(Int.random(in: 1...200, using: &generator)))
                rest = rest.dropFirst(part.count)
                for call in part.withUnsafeBytes({ server.receive($0) }) { server.respond(call.stream, .success([])) }
            }
            // Each frame gets one answer at most, and none is longer than its reason.
            #expect(server.output.count < 20 * 300)
        }
    }
}
