/// The frames of a multiplexed stream (`application/vnd.docker.multiplexed-stream`): a byte that names the stream, three
/// zero bytes, the length as a big-endian 32-bit number, and the bytes. Used by attach, logs and exec without a terminal.
public struct Frame: Sendable, Equatable {
    /// The streams of a process.
    public enum Stream: UInt8, Sendable, Codable {
        case stdin = 0
        case stdout = 1
        case stderr = 2
        /// An error of the daemon, sent in place of output.
        case systemError = 3
    }

    /// Which stream the bytes belong to.
    public var stream: Stream
    /// The bytes.
    public var bytes: [UInt8]

    /// A frame.
    public init(_ stream: Stream, _ bytes: [UInt8]) {
        self.stream = stream
        self.bytes = bytes
    }

    /// The eight bytes before a frame of `count` bytes.
    public static func header(_ stream: Stream, count: Int) -> [UInt8] {
        let length = UInt32(count).bigEndian
        return [stream.rawValue, 0, 0, 0] + withUnsafeBytes(of: length) { [UInt8]($0) }
    }

    /// The frame as it goes over the wire.
    public var encoded: [UInt8] { Frame.header(stream, count: bytes.count) + bytes }
}

/// Takes a multiplexed stream apart. Bytes go in as they arrive, pieces of frames come out as soon as they are there, so
/// that nothing waits for the end of a long frame and nothing more than a header is kept.
public struct FrameDecoder: Sendable {
    /// A stream that is not multiplexed.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        /// The byte that names no stream.
        public var stream: UInt8
        /// For people to read.
        public var description: String { "multiplexed stream: \(stream) names no stream" }
    }

    private var header: [UInt8] = []
    private var stream = Frame.Stream.stdout
    private var remaining = 0

    /// A decoder at the start of a stream.
    public init() {}

    /// Whether the stream may end here: not in the middle of a frame.
    public var isAtBoundary: Bool { header.isEmpty && remaining == 0 }

    /// Takes `bytes` and returns what they complete.
    ///
    /// - Throws: `Malformed`; the decoder is of no use afterwards.
    public mutating func push(_ bytes: some Collection<UInt8>) throws -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if remaining == 0 {
                let part = rest.prefix(8 - header.count)
                header.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                guard header.count == 8 else { break }
                guard let stream = Frame.Stream(rawValue: header[0]) else { throw Malformed(stream: header[0]) }
                self.stream = stream
                remaining = header[4...].reduce(0) { $0 << 8 | Int($1) }
                header.removeAll(keepingCapacity: true)
            } else {
                let part = rest.prefix(remaining)
                frames.append(Frame(stream, Array(part)))
                remaining -= part.count
                rest = rest.dropFirst(part.count)
            }
        }
        return frames
    }
}
