import TTRPC
import Testing

@Suite struct FrameDecoderTests {
    private func items(_ decoder: inout FrameDecoder, _ bytes: [UInt8]) -> [FrameDecoder.Item] {
        bytes.withUnsafeBytes { decoder.receive($0) }
    }

    private func encoded(_ frame: Frame) -> [UInt8] {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        return bytes
    }

    @Test func aFrameIsTenBytesOfHeaderAndItsData() {
        let frame = Frame(stream: 0x0102_0304, kind: .request, flags: [.remoteClosed, .noData], data: [9, 8])
        #expect(encoded(frame) == [0, 0, 0, 2, 1, 2, 3, 4, 1, 5, 9, 8])
    }

    @Test func framesComeOutWhole_howeverTheBytesAreCut() {
        let frames = [
            Frame(stream: 1, kind: .request, data: Array(0..<100)),
            Frame(stream: 3, kind: .data, flags: .noData, data: []),
            Frame(stream: 5, kind: .response, data: [7]),
        ]
        let bytes = frames.flatMap(encoded)
        for size in 1...bytes.count {
            var decoder = FrameDecoder()
            var seen: [FrameDecoder.Item] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                seen += items(&decoder, Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(seen == frames.map { .frame($0) })
            #expect(decoder.isAtBoundary)
        }
    }

    @Test func aTruncatedFrameGivesNothing() {
        var decoder = FrameDecoder()
        #expect(items(&decoder, Array(encoded(Frame(stream: 1, kind: .request, data: [1, 2, 3])).dropLast())).isEmpty)
        #expect(!decoder.isAtBoundary)
    }

    @Test func dataOfFourMebibytesPasses() {
        var decoder = FrameDecoder()
        let frame = Frame(stream: 1, kind: .request, data: [UInt8](repeating: 1, count: 4 << 20))
        #expect(items(&decoder, encoded(frame)) == [.frame(frame)])
    }

    @Test func dataOfFiveMebibytesIsReportedAndSkipped() {
        var decoder = FrameDecoder()
        let next = Frame(stream: 3, kind: .request, data: [1])
        var bytes = encoded(Frame(stream: 1, kind: .request, data: [UInt8](repeating: 0xFF, count: 5 << 20)))
        bytes += encoded(next)
        var seen: [FrameDecoder.Item] = []
        for start in stride(from: 0, to: bytes.count, by: 70_000) {
            seen += items(&decoder, Array(bytes[start..<min(start + 70_000, bytes.count)]))
        }
        #expect(seen == [.oversized(stream: 1, kind: .request, length: 5 << 20), .frame(next)])
    }
}
