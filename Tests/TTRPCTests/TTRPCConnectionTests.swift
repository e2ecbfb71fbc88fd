import Glibc
import Host
import SystemPackage
import TTRPC
import TTRPCClient
import Testing

/// A server on a socket of its own: answers `echo` at once, `slow` upon `release`, `waiting` with the number of slow
/// calls, `hang` never, and `leave` by closing the connection.
private final class EchoServer: Sendable {
    let path: FilePath
    private let listener: FileDescriptor

    init() throws {
        path = FilePath("/tmp/ttrpc-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).sock")
        listener = try UnixSocket.listen(path)
        let descriptor = listener
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Box(descriptor.rawValue))
        pthread_create(
            &thread, nil,
            { argument in
                let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
                while let socket = try? UnixSocket.accept(FileDescriptor(rawValue: box.descriptor)) { serve(socket) }
                return nil
            }, argument.toOpaque())
        pthread_detach(thread)
    }

    func stop() {
        shutdown(listener.rawValue, CInt(SHUT_RDWR))
        unlink(path.string)
    }

    private final class Box: Sendable {
        let descriptor: CInt
        init(_ descriptor: CInt) { self.descriptor = descriptor }
    }
}

private func serve(_ socket: FileDescriptor) {
    defer { try? socket.close() }
    var server = ServerConnection()
    var slow: [UInt32] = []
    var room = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(socket.rawValue, &room, room.count)
        guard count > 0 else { return }
        for call in room.withUnsafeBytes({ server.receive(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) {
            switch call.request.method {
            case "echo": server.respond(call.stream, .success(call.request.payload))
            case "slow": slow.append(call.stream)
            case "waiting": server.respond(call.stream, .success([UInt8(slow.count)]))
            case "release":
                server.respond(call.stream, .success([]))
                for stream in slow { server.respond(stream, .success([1])) }
            case "hang": break
            case "leave": return
            default: server.respond(call.stream, .failure(TTRPCError(.unimplemented, "method \(call.request.method)")))
            }
        }
        var sent = 0
        while sent < server.output.count {
            sent += server.output.withUnsafeBytes { write(socket.rawValue, $0.baseAddress! + sent, $0.count - sent) }
        }
        server.sent(sent)
    }
}

@Suite struct TTRPCConnectionTests {
    private func call(
        _ connection: TTRPCConnection, _ method: String, _ payload: [UInt8] = [], timeout: Duration? = nil
    ) async throws -> [UInt8] {
        try await connection.call(service: "test", method: method, payload: payload, timeout: timeout)
    }

    private func withServer(_ body: (TTRPCConnection) async throws -> Void) async throws {
        let server = try EchoServer()
        defer { server.stop() }
        let connection = try TTRPCConnection.connect(to: "unix://\(server.path)")
        defer { connection.close() }
        try await body(connection)
    }

    @Test func manyCallsAtOnceGetTheirOwnAnswers() async throws {
        try await withServer { connection in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let payload = [UInt8](repeating: UInt8(number), count: number * 100)
                        return try await connection.call(service: "t", method: "echo", payload: payload) == payload
                    }
                }
                for try await isSame in group { #expect(isSame) }
            }
        }
    }

    @Test func aCallThatWaitsHoldsUpNoOther() async throws {
        try await withServer { connection in
            async let slow = call(connection, "slow")
            while try await call(connection, "waiting") != [1] { try await Task.sleep(for: .milliseconds(1)) }
            let answer = try await call(connection, "echo", [1])
            #expect(answer == [1])
            _ = try await call(connection, "release")
            let late = try await slow
            #expect(late == [1])
        }
    }

    @Test func aDeadlineEndsTheCall_andTheConnectionGoesOn() async throws {
        try await withServer { connection in
            let error = await #expect(throws: TTRPCError.self) {
                try await call(connection, "hang", timeout: .milliseconds(50))
            }
            #expect(error?.code == .deadlineExceeded)
            let answer = try await call(connection, "echo", [2])
            #expect(answer == [2])
        }
    }

    @Test func cancellationEndsTheCall() async throws {
        try await withServer { connection in
            let task = Task { try await connection.call(service: "t", method: "hang", payload: []) }
            try await Task.sleep(for: .milliseconds(20))
            task.cancel()
            let error = await #expect(throws: TTRPCError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test func theServersErrorComesThrough() async throws {
        try await withServer { connection in
            let error = await #expect(throws: TTRPCError.self) { try await call(connection, "nothing") }
            #expect(error == TTRPCError(.unimplemented, "method nothing"))
        }
    }

    @Test func aLostConnectionFailsItsCallsAndWakesThoseWhoWaitForIt() async throws {
        try await withServer { connection in
            async let closed: Void = connection.waitUntilClosed()
            let error = await #expect(throws: TTRPCError.self) { try await call(connection, "leave") }
            #expect(error?.code == .unavailable)
            await closed
            #expect(connection.isClosed)
            let later = await #expect(throws: TTRPCError.self) { try await call(connection, "echo") }
            #expect(later?.code == .unavailable)
        }
    }

    @Test func nobodyAtTheSocketIsUnavailable() {
        let error = #expect(throws: TTRPCError.self) { try TTRPCConnection.connect(to: "/tmp/no-such-socket") }
        #expect(error?.code == .unavailable)
    }

    @Test func theBlockingClientCallsAndTimesOut() throws {
        let server = try EchoServer()
        defer { server.stop() }
        let client = try BlockingClient(connectingTo: server.path.string)
        let first = try client.call(Request(service: "t", method: "echo", payload: [3]))
        #expect(first == [3])
        let error = #expect(throws: TTRPCError.self) {
            _ = try client.call(Request(service: "t", method: "hang", payload: [], timeoutNanoseconds: 30_000_000))
        }
        #expect(error?.code == .deadlineExceeded)
        let second = try client.call(Request(service: "t", method: "echo", payload: [4]))
        #expect(second == [4])
    }
}
