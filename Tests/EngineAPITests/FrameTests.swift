import EngineAPI
import Testing

@Suite struct FrameTests {
    @Test func aStreamCutAnywhereGivesTheSameBytes() throws {
        let frames = [
            Frame(.stdout, Array("hello\n".utf8)), Frame(.stderr, []), Frame(.stderr, Array(repeating: 7, count: 300)),
        ]
        let wire = frames.flatMap(\.encoded)
        for size in 1...wire.count {
            var decoder = FrameDecoder()
            var out: [Frame.Stream: [UInt8]] = [:]
            var start = 0
            while start < wire.count {
                let end = min(start + size, wire.count)
                for frame in try decoder.push(wire[start..<end]) { out[frame.stream, default: []] += frame.bytes }
                start = end
            }
            #expect(decoder.isAtBoundary)
            #expect(out[.stdout] == frames[0].bytes)
            #expect(out[.stderr] == frames[2].bytes)
        }
    }

    @Test func bytesThatAreNoFrameAreRefused() {
        var decoder = FrameDecoder()
        #expect(throws: FrameDecoder.Malformed.self) { _ = try decoder.push(Array("HTTP/1.1 200".utf8)) }
    }

    @Test func theHeaderIsBigEndian() {
        #expect(Frame.header(.stderr, count: 0x010203) == [2, 0, 0, 0, 0, 1, 2, 3])
    }
}
