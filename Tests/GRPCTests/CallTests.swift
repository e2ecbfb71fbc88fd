import ContainerdAPI
import GRPC
import RPC
import Testing

@Suite struct CallTests {
    @Test func aUnaryCallCarriesMetadataAndDeadline() async throws {
        try await withRig { rig in
            var info = try await rig.info("x")
            #expect(info.digest == "x" && info.labels == ["namespace": "none", "deadline": "none"])
            info = try await rig.info(
                "y", options: CallOptions(metadata: ["containerd-namespace": "moby"], timeout: .seconds(300)))
            #expect(info.labels == ["namespace": "moby", "deadline": "some"])
        }
    }

    @Test func errorsKeepCodeMessageAndDetails() async throws {
        try await withRig { rig in
            await #expect(throws: RPCError(code: .notFound, message: "content missing: not found", details: [1, 2, 3]))
            {
                try await rig.info("missing")
            }
            await #expect(throws: RPCError(.unknown, "odd thing")) { try await rig.info("odd") }
            await #expect(
                throws: RPCError(.unimplemented, "unknown service containerd.services.version.v1.Version")
            ) {
                try await rig.channel.call(VersionService.version, .init())
            }
            await #expect(
                throws: RPCError(
                    .unimplemented, "unknown method Abort for service containerd.services.content.v1.Content")
            ) {
                try await rig.channel.call(ContentService.abort, .init())
            }
        }
    }

    @Test func aPassedDeadlineEndsTheCallOnBothSides() async throws {
        try await withRig { rig in
            // On a busy machine it may pass before the handler has begun.
            for seconds in [2, 10, 60] where !rig.seen.withLock({ $0.contains("sleeping") }) {
                let error = await #expect(throws: RPCError.self) {
                    try await rig.info("sleep", options: CallOptions(timeout: .seconds(seconds)))
                }
                #expect(error?.code == .deadlineExceeded)
            }
            #expect(await rig.sees("cancelled"))
        }
    }

    @Test func aCancelledTaskCancelsTheHandler() async throws {
        try await withRig { rig in
            let task = Task { try await rig.info("sleep") }
            #expect(await rig.sees("sleeping"))
            task.cancel()
            let error = await #expect(throws: RPCError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(await rig.sees("cancelled"))
        }
    }

    @Test func theServerStreamsInOrder() async throws {
        try await withRig { rig in
            var request = Containerd_Services_Content_V1_ReadContentRequest()
            request.size = 500
            var offsets: [Int64] = []
            for try await message in try rig.channel.call(ContentService.read, request) {
                offsets.append(message.offset)
            }
            #expect(offsets == Array(0..<500))
        }
    }

    @Test func aStreamThatIsLetGoEndsTheHandler() async throws {
        try await withRig { rig in
            for try await _ in try rig.channel.call(ContentService.read, .init()) { break }
            #expect(await rig.sees("ended"))
        }
    }

    @Test func theClientStreams() async throws {
        try await withRig { rig in
            let reply = try await rig.channel.call(Rig.gather) { send in
                for _ in 0..<100 {
                    var chunk = Rig.Chunk()
                    chunk.data.append(contentsOf: [UInt8](repeating: 1, count: 1000))
                    try await send(chunk)
                }
            }
            #expect(reply.offset == 100_000)
            let none = try await rig.channel.call(Rig.gather) { _ in }
            #expect(none.offset == 0)
        }
    }

    @Test func bothSidesStreamAtTheirOwnPace() async throws {
        try await withRig { rig in
            let call = rig.channel.open(ContentService.write)
            for offset in 0..<50 {
                var chunk = Rig.Chunk()
                chunk.offset = Int64(offset)
                try await call.send(chunk)
                #expect(try await call.receive()?.offset == Int64(offset))
            }
            await call.finish()
            #expect(try await call.receive() == nil)
            #expect(await rig.sees("ended"))
        }
    }

    @Test func aServerThatEndsAStreamEarlyTellsItsStatus() async throws {
        try await withRig { rig in
            let call = rig.channel.open(ContentService.write)
            var chunk = Rig.Chunk()
            chunk.ref = "stop"
            try await call.send(chunk)
            await #expect(throws: RPCError(.aborted, "stopped by 0")) { try await call.receive() }
            await #expect(throws: RPCError(.aborted, "stopped by 0")) { try await call.send(chunk) }
        }
    }

    @Test func aCancelledStreamCancelsTheHandler() async throws {
        try await withRig { rig in
            let call = rig.channel.open(ContentService.write)
            try await call.send(.init())
            _ = try await call.receive()
            call.cancel()
            let error = await #expect(throws: RPCError.self) { try await call.receive() }
            #expect(error?.code == .cancelled)
            #expect(await rig.sees("cancelled"))
        }
    }

    @Test func messagesUpToTheLimitPassAndLargerOnesAreRefused() async throws {
        try await withRig { rig in
            let call = rig.channel.open(ContentService.write)
            var chunk = Rig.Chunk()
            chunk.data.append(contentsOf: [UInt8](repeating: 1, count: 16 << 20 - 64))
            try await call.send(chunk)
            #expect(try await call.receive()?.offset == Int64(16 << 20 - 64))
            chunk.data.append(contentsOf: [UInt8](repeating: 1, count: 128))
            let error = await #expect(throws: RPCError.self) {
                try await call.send(chunk)
                _ = try await call.receive()
            }
            #expect(error?.code == .resourceExhausted)
            #expect(try await rig.info("still there").digest == "still there")
        }
    }

    @Test func manyCallsAtOnceAllEnd() async throws {
        try await withRig { rig in
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<300 { group.addTask { try await rig.info("\(number)").digest } }
                var answers: Set<String> = []
                for try await answer in group { answers.insert(answer) }
                #expect(answers.count == 300)
            }
        }
    }
}
