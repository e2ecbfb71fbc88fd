/// The client's side of one connection: calls in, bytes out, answers out. Does no I/O.
public struct ClientConnection: Sendable {
    /// An answer that has come in.
    public struct Answer: Equatable, Sendable {
        /// The stream that `call` gave.
        public var stream: UInt32
        /// The encoded result, or why there is none.
        public var result: Result<[UInt8], TTRPCError>
    }

    /// Bytes that wait to be sent.
    public private(set) var output: [UInt8] = []
    /// Streams whose answers are awaited, in the order of their calls.
    public private(set) var open: [UInt32] = []
    private var decoder = FrameDecoder()
    private var nextStream: UInt32 = 1

    /// A fresh connection.
    public init() {}

    /// Adds a call to the output.
    ///
    /// - Returns: the stream on which the answer will come.
    /// - Throws: `TTRPCError` when the call is too long, or the connection has used up its stream ids.
    public mutating func call(_ request: Request) throws -> UInt32 {
        let data = request.encoded
        guard data.count <= Frame.maximumDataSize else {
            throw TTRPCError(
                .resourceExhausted,
                "\(request.service)/\(request.method): \(data.count) bytes exceed the maximum message size of "
                    + "\(Frame.maximumDataSize)")
        }
        guard nextStream < UInt32.max - 1 else {
            throw TTRPCError(.unavailable, "connection is used up: connect again")
        }
        let stream = nextStream
        nextStream += 2
        open.append(stream)
        Frame(stream: stream, kind: .request, data: data).encode(into: &output)
        return stream
    }

    /// Gives up on an answer: one that comes later is dropped.
    public mutating func abandon(_ stream: UInt32) {
        open.removeAll { $0 == stream }
    }

    /// Takes in bytes from the server, and hands out the answers that they complete.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Answer] {
        var answers: [Answer] = []
        for item in decoder.receive(bytes) {
            switch item {
            case .frame(let frame):
                guard frame.kind == .response, let index = open.firstIndex(of: frame.stream) else { continue }
                open.remove(at: index)
                let result: Result<[UInt8], TTRPCError>
                do { result = try Response(decoding: frame.data).result } catch {
                    result = .failure(
                        TTRPCError(.internalError, "answer on stream \(frame.stream) is no ttrpc.Response"))
                }
                answers.append(Answer(stream: frame.stream, result: result))
            case .oversized(let stream, _, let length):
                guard let index = open.firstIndex(of: stream) else { continue }
                open.remove(at: index)
                let error = TTRPCError(
                    .resourceExhausted,
                    "answer of \(length) bytes exceeds maximum message size of \(Frame.maximumDataSize)")
                answers.append(Answer(stream: stream, result: .failure(error)))
            }
        }
        return answers
    }

    /// Forgets the first `count` bytes of the output: they are on their way.
    public mutating func sent(_ count: Int) {
        if count == output.count { output = [] } else { output.removeFirst(count) }
    }
}
