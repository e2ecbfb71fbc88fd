import NIOCore
import NIOHTTP1

/// What comes back on a connection: a head, then bytes until the stream ends.
enum ResponsePart: Sendable {
    case head(HTTPResponseHead)
    case bytes(ByteBuffer)
    case end
}

/// What is sent on a connection: a request, and after an upgrade bytes as they are.
enum RequestPart: Sendable {
    case head(HTTPRequestHead)
    case body(ByteBuffer)
    case end
    case raw(ByteBuffer)
}

/// Speaks HTTP until the engine answers 101 (Switching Protocols, RFC 9110 15.2.2); from there on the connection is a
/// plain pipe in both directions, which goes past the HTTP codec, through `UpgradeGate`.
///
/// The codec is not taken out of the pipeline: that happens a moment later, and the decoder drops what it holds when the
/// engine has hung up by then, which is the whole output of a command that is quick.
final class HTTPHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = ResponsePart
    typealias OutboundIn = RequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let gate: UpgradeGate
    private var context: ChannelHandlerContext?
    /// Whether what comes next are the container's bytes.
    private(set) var isUpgraded = false

    init(_ gate: UpgradeGate) {
        self.gate = gate
        gate.handler = self
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isUpgraded = head.status == .switchingProtocols
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body(let buffer): context.fireChannelRead(wrapInboundOut(.bytes(buffer)))
        case .end: if !isUpgraded { context.fireChannelRead(wrapInboundOut(.end)) }
        }
    }

    /// Takes bytes that came past the decoder.
    func receive(_ bytes: ByteBuffer) { context?.fireChannelRead(wrapInboundOut(.bytes(bytes))) }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer): context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end: context.write(wrapOutboundOut(.end(nil)), promise: promise)
        case .raw(let buffer) where isUpgraded: gate.send(buffer, promise: promise)
        case .raw: promise?.fail(EngineError.protocolViolation("a write before the connection was upgraded"))
        }
    }
}

/// Stands before the HTTP codec, and leads the bytes of an upgraded connection past it.
final class UpgradeGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let longestHead = 256 << 10

    fileprivate weak var handler: HTTPHandler?
    private var context: ChannelHandlerContext?
    /// What has come of the answer's head; nil after it.
    private var head: ByteBuffer? = ByteBuffer()

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if var held = head {
            held.writeBuffer(&bytes)
            let view = held.readableBytesView
            let end = view.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
            guard end != nil || held.readableBytes > Self.longestHead else {
                head = held
                return
            }
            head = nil
            let length = end.map { $0 - view.startIndex } ?? held.readableBytes
            // Nothing behind the head may get to the decoder before it is known whether it is for it.
            if let part = held.readSlice(length: length) { context.fireChannelRead(wrapInboundOut(part)) }
            bytes = held
        }
        guard bytes.readableBytes > 0 else { return }
        if let handler, handler.isUpgraded {
            handler.receive(bytes)
        } else {
            context.fireChannelRead(wrapInboundOut(bytes))
        }
    }

    /// Sends bytes that go past the encoder.
    fileprivate func send(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.writeAndFlush(wrapInboundOut(bytes), promise: promise)
    }
}
