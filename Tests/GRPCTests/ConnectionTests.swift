import ContainerdAPI
import Foundation
import GRPC
import Glibc
import Host
import RPC
import SystemPackage
import Testing

@Suite struct ConnectionTests {
    @Test func anAbsentServerIsUnavailable() async throws {
        let rig = try Rig()
        let error = await #expect(throws: RPCError.self) { try await rig.info("x") }
        #expect(error?.code == .unavailable)
    }

    @Test func aClientMayWaitForTheServerAndFindsItAgainAfterARestart() async throws {
        let rig = try Rig()
        let early = Task {
            try await rig.info("early", options: CallOptions(timeout: .seconds(300), waitForReady: true))
        }
        try await Task.sleep(for: .milliseconds(200))
        try rig.start()
        #expect(try await early.value.digest == "early")
        await rig.stop()
        let second = GRPCServer()
        second.register(ContentService.info) { _, _ in .init() }
        try second.start(unixSocket: rig.path)
        #expect(
            try await rig.info("x", options: CallOptions(timeout: .seconds(300), waitForReady: true)).digest == "")
        await second.shutdown()
    }

    /// Whoever waits for the socket's file finds it before the server is ready: a call must wait then.
    @Test func aCallThatComesWhileTheServerStartsIsAnswered() async throws {
        for _ in 0..<40 {
            let rig = try Rig()
            let path = FilePath(rig.path)
            async let answer = withCheckedContinuation { continuation in
                // A thread of its own, since it blocks.
                Thread.detachNewThread { continuation.resume(returning: Self.eagerCall(path)) }
            }
            try await Task.sleep(for: .milliseconds(1))
            try rig.start()
            #expect(await answer.contains("unknown service eager"))
            await rig.stop()
        }
    }

    /// What the first server at `path` sends upon a call that lies ready, and is sent as soon as it can be.
    private static func eagerCall(_ path: FilePath) -> String {
        func field(_ name: String, _ value: String) -> [UInt8] {
            [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
        }
        func frame(_ type: UInt8, _ flags: UInt8, stream: UInt8, _ content: [UInt8]) -> [UInt8] {
            [0, 0, UInt8(content.count), type, flags, 0, 0, 0, stream] + content
        }
        let header =
            [0x83, 0x86] + field(":path", "/eager/Call") + field(":authority", "localhost") + field("te", "trailers")
            + field("content-type", "application/grpc")
        let call =
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, stream: 0, [])
            + frame(1, 4, stream: 1, header) + frame(0, 1, stream: 1, [0, 0, 0, 0, 0])
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            guard let socket = try? UnixSocket.connect(path, timeout: 300_000) else { continue }
            defer { try? socket.close() }
            try? call.withUnsafeBytes { try UnixSocket.send($0, to: socket) }
            var text = ""
            var buffer = [UInt8](repeating: 0, count: 4096)
            while !text.contains("service eager"),
                let count = try? buffer.withUnsafeMutableBytes({ try socket.read(into: $0) }),
                count > 0
            {
                text += String(decoding: buffer.prefix(count), as: UTF8.self)
            }
            return text
        }
        return "no server"
    }

    @Test func theSocketIsTheUsersAloneAndIsRemoved() async throws {
        let rig = try Rig()
        try rig.start()
        var status = stat()
        #expect(stat(rig.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        await rig.stop()
        #expect(stat(rig.path, &status) == -1)
    }

    @Test func anAddressInUseIsRefusedAndADeadOneReplaced() async throws {
        try await withRig { rig in
            let second = GRPCServer()
            let error = #expect(throws: RPCError.self) { try second.start(unixSocket: rig.path) }
            #expect(error?.code == .alreadyExists && error?.message.contains(rig.path) == true)
            let info = try await rig.info("x")
            #expect(info.digest == "x")
        }
        let rig = try Rig()
        try UnixSocket.listen(FilePath(rig.path)).close()
        try rig.start()
        #expect(try await rig.info("x").digest == "x")
        await rig.stop()
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        let rig = try Rig()
        let file = try FileDescriptor.open(
            FilePath(rig.path), .writeOnly, options: .create, permissions: .ownerReadWrite)
        try file.close()
        let error = #expect(throws: RPCError.self) { try rig.server.start(unixSocket: rig.path) }
        #expect(error?.code == .failedPrecondition)
        #expect(access(rig.path, F_OK) == 0)
    }

    @Test func aLongPathServesAndAnImpossibleOneIsRefused() async throws {
        let rig = try Rig(at: String(repeating: "d", count: 120) + "/" + String(repeating: "e", count: 60))
        try rig.start()
        #expect(try await rig.info("far").digest == "far")
        await rig.stop()
        let name = rig.path + String(repeating: "n", count: 120)
        let error = #expect(throws: RPCError.self) { try GRPCServer().start(unixSocket: name) }
        #expect(error?.code == .invalidArgument)
        let clientError = #expect(throws: RPCError.self) { try GRPCChannel(unixSocket: name) }
        #expect(clientError?.code == .invalidArgument)
    }

    @Test func garbageHalfFramesAndHangUpsDoNotDisturbOthers() async throws {
        try await withRig { rig in
            let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
            let halfHeaders: [UInt8] = [0, 0, 40, 1, 4, 0, 0, 0, 1, 0x83]
            let hugeFrame: [UInt8] = [255, 255, 255, 0, 0, 0, 0, 0, 1]
            let inputs: [[UInt8]] = [
                [], [0], Array("GET / HTTP/1.1\r\n\r\n".utf8), (0..<4096).map { _ in .random(in: 0...255) }, preface,
                preface + settings, preface + settings + halfHeaders, preface + settings + hugeFrame,
                preface + [UInt8](repeating: 255, count: 300),
            ]
            for input in inputs {
                let socket = try UnixSocket.connect(FilePath(rig.path), timeout: 300_000)
                try? input.withUnsafeBytes { try UnixSocket.send($0, to: socket) }
                if Bool.random() { usleep(20_000) }
                try socket.close()
            }
            #expect(try await rig.info("still there").digest == "still there")
        }
    }

    @Test func shutdownCancelsWhatOutlivesTheGrace() async throws {
        let rig = try Rig()
        try rig.start()
        let call = Task { try await rig.info("sleep") }
        #expect(await rig.sees("sleeping"))
        let begun = ContinuousClock.now
        await rig.stop()
        #expect(ContinuousClock.now - begun < .seconds(500))
        #expect(rig.seen.withLock { $0 } == ["sleeping", "cancelled"])
        let error = await #expect(throws: RPCError.self) { try await call.value }
        #expect(error?.code == .cancelled || error?.code == .unavailable)
    }

    @Test func nothingStaysOpenWhenConnectionsAndServersGo() async throws {
        func open() -> Int { (0..<1024).count { fcntl($0, F_GETFD) >= 0 } }
        try await withRig { _ = try await $0.info("warm up") }
        try await Task.sleep(for: .milliseconds(200))
        let before = open()
        for _ in 0..<60 { try await withRig { _ = try await $0.info("x") } }
        // Other tests run beside this one and close theirs in time; one descriptor lost a round would be 60 for good.
        let deadline = ContinuousClock.now + .seconds(300)
        while open() >= before + 50, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(open() < before + 50)
    }
}
