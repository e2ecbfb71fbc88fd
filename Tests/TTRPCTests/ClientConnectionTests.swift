import TTRPC
import Testing

@Suite struct ClientConnectionTests {
    private let request = Request(service: "s", method: "m", payload: [])

    @Test func streamsAreOddAndGrow() throws {
        var client = ClientConnection()
        #expect(try [client.call(request), client.call(request), client.call(request)] == [1, 3, 5])
        #expect(client.open == [1, 3, 5])
    }

    @Test func anAnswerToACallThatWasGivenUpIsDropped() throws {
        var client = ClientConnection()
        var server = ServerConnection()
        let stream = try client.call(request)
        _ = client.output.withUnsafeBytes { server.receive($0) }
        server.respond(stream, .success([1]))
        client.abandon(stream)
        #expect(server.output.withUnsafeBytes { client.receive($0) }.isEmpty)
    }

    @Test func aCallThatIsTooLongIsRefusedAtOnce() {
        var client = ClientConnection()
        let long = Request(service: "s", method: "m", payload: [UInt8](repeating: 0, count: 5 << 20))
        #expect(throws: TTRPCError.self) { _ = try client.call(long) }
        #expect(client.output.isEmpty)
        #expect(client.open.isEmpty)
    }

    @Test func garbageAsAnAnswerIsAnError() throws {
        var client = ClientConnection()
        let stream = try client.call(request)
        var bytes: [UInt8] = []
        Frame(stream: stream, kind: .response, data: [0xFF, 0xFF]).encode(into: &bytes)
        guard case .failure(let error) = bytes.withUnsafeBytes({ client.receive($0) })[0].result else {
            return #expect(Bool(false))
        }
        #expect(error.code == .internalError)
    }

    @Test func anAnswerThatIsTooLongFailsItsCallOnly() throws {
        var client = ClientConnection()
        _ = try client.call(request)
        _ = try client.call(request)
        var bytes: [UInt8] = []
        Frame(stream: 1, kind: .response, data: [UInt8](repeating: 0, count: 5 << 20)).encode(into: &bytes)
        Frame(stream: 3, kind: .response, data: []).encode(into: &bytes)
        let answers = bytes.withUnsafeBytes { client.receive($0) }
        #expect(answers.map(\.stream) == [1, 3])
        guard case .failure(let error) = answers[0].result else { return #expect(Bool(false)) }
        #expect(error.code == .resourceExhausted)
        #expect(answers[1].result == .success([]))
    }
}
