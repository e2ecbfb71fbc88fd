import RPC

/// The server's side of one connection: bytes in, calls and bytes out. Does no I/O.
///
/// What is wrong with a frame is answered on its stream, and the connection goes on, as containerd's ttrpc does.
public struct ServerConnection: Sendable {
    /// A call that has come in.
    public struct Call: Equatable, Sendable {
        /// The stream that the answer goes to.
        public var stream: UInt32
        /// What is asked.
        public var request: Request
    }

    /// Bytes that wait to be sent.
    public private(set) var output: [UInt8] = []
    /// Streams whose calls have not been answered.
    public private(set) var open: [UInt32] = []
    private var decoder = FrameDecoder()
    private var lastStream: UInt32 = 0

    /// A fresh connection.
    public init() {}

    /// Whether the client's last frame is complete.
    public var isAtBoundary: Bool { decoder.isAtBoundary }

    /// Takes in bytes from the client, and hands out the calls that they complete.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Call] {
        var calls: [Call] = []
        for item in decoder.receive(bytes) {
            switch item {
            case .oversized(let stream, _, let length):
                refuse(
                    stream, .resourceExhausted,
                    "message length \(length) exceeds maximum message size of \(Frame.maximumDataSize)")
            case .frame(let frame): if let call = accept(frame) { calls.append(call) }
            }
        }
        return calls
    }

    /// Answers the call of `stream`; ignored when that has been answered.
    public mutating func respond(_ stream: UInt32, _ result: Result<[UInt8], TTRPCError>) {
        guard let index = open.firstIndex(of: stream) else { return }
        open.remove(at: index)
        var data = Response(result).encoded
        if data.count > Frame.maximumDataSize {
            data =
                Response(
                    .failure(
                        TTRPCError(
                            .resourceExhausted,
                            "response of \(data.count) bytes exceeds maximum message size of \(Frame.maximumDataSize)"))
                ).encoded
        }
        Frame(stream: stream, kind: .response, data: data).encode(into: &output)
    }

    /// Forgets the first `count` bytes of the output: they are on their way.
    public mutating func sent(_ count: Int) {
        if count == output.count { output = [] } else { output.removeFirst(count) }
    }

    private mutating func accept(_ frame: Frame) -> Call? {
        guard frame.stream % 2 == 1 else {
            refuse(frame.stream, .invalidArgument, "StreamID must be odd for client initiated streams")
            return nil
        }
        switch frame.kind {
        case .request:
            guard frame.stream > lastStream else {
                refuse(frame.stream, .invalidArgument, "StreamID cannot be re-used and must increment")
                return nil
            }
            lastStream = frame.stream
            do {
                let request = try Request(decoding: frame.data)
                open.append(frame.stream)
                return Call(stream: frame.stream, request: request)
            } catch {
                refuse(frame.stream, .invalidArgument, "\(error)")
                return nil
            }
        case .data:
            // Calls here are unary: data can only be an empty close of a call's sending side.
            if !open.contains(frame.stream) {
                refuse(frame.stream, .invalidArgument, "StreamID is no longer active")
            }
            return nil
        default:
            // Kinds that later versions define.
            return nil
        }
    }

    private mutating func refuse(_ stream: UInt32, _ code: RPCCode, _ message: String) {
        let data = Response(.failure(TTRPCError(code, message))).encoded
        Frame(stream: stream, kind: .response, data: data).encode(into: &output)
    }
}
