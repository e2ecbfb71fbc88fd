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
/// plain pipe in both directions, so this handler takes the HTTP codec out and puts `PipeHandler` in its place.
final class HTTPHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = ResponsePart
    typealias OutboundIn = RequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let codec: [any RemovableChannelHandler]
    private var upgrading = false

    /// - Parameter codec: the handlers to take out, the decoder last: what it holds back goes on to the pipe.
    init(codec: [any RemovableChannelHandler]) { self.codec = codec }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            upgrading = head.status == .switchingProtocols
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body(let buffer):
            context.fireChannelRead(wrapInboundOut(.bytes(buffer)))
        case .end where upgrading:
            let pipeline = context.pipeline.syncOperations
            do {
                try pipeline.addHandler(PipeHandler(), position: .after(self))
            } catch {
                context.fireErrorCaught(error)
                return
            }
            pipeline.removeHandler(self, promise: nil)
            for handler in codec {
                context.pipeline.syncOperations.removeHandler(handler, promise: nil)
            }
        case .end:
            context.fireChannelRead(wrapInboundOut(.end))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer): context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end: context.write(wrapOutboundOut(.end(nil)), promise: promise)
        case .raw: promise?.fail(EngineError.protocolViolation("a write before the connection was upgraded"))
        }
    }
}

/// The upgraded connection: bytes in, bytes out.
final class PipeHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ResponsePart
    typealias OutboundIn = RequestPart
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(wrapInboundOut(.bytes(unwrapInboundIn(data))))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .raw(let buffer): context.write(wrapOutboundOut(buffer), promise: promise)
        default: promise?.fail(EngineError.protocolViolation("a request on an upgraded connection"))
        }
    }
}
