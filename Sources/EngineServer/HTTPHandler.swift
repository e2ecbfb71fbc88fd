import Engine
import Logging
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: hands each request to a task of its own, one after the other, and lets go of the connection
/// when a request takes it over (`Call.hijack`). The task is cancelled when the client goes away.
final class HTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let serve: @Sendable (Call) async -> Void
    private let encoder: HTTPResponseEncoder
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>

    private var body: InboundBytes?
    private var task: Task<Void, Never>?
    private var keepAlive = true
    /// Parts of a request that came before the answer to the one before it was complete.
    private var early: [HTTPServerRequestPart] = []
    private var hijacked = false

    init(
        encoder: HTTPResponseEncoder, decoder: ByteToMessageHandler<HTTPRequestDecoder>,
        serve: @escaping @Sendable (Call) async -> Void
    ) {
        self.encoder = encoder
        self.decoder = decoder
        self.serve = serve
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .head = part, task != nil || !early.isEmpty {
            early.append(part)
        } else if !early.isEmpty {
            early.append(part)
        } else {
            take(part, context: context)
        }
        if early.count > 64 { context.close(promise: nil) }
    }

    private func take(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        switch part {
        case .head(let head): begin(head, context: context)
        case .body(let bytes): body?.push(bytes)
        case .end:
            body?.finish()
            body = nil
        }
    }

    private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let channel = context.channel
        let body = InboundBytes { on in channel.setOption(.autoRead, value: on).whenComplete { _ in } }
        self.body = body
        // The decoder stops after a request that asks for an upgrade, whether it gets one or not.
        let upgrade = head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
        keepAlive = head.isKeepAlive && !upgrade
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let boundContext = NIOLoopBound(context, eventLoop: context.eventLoop)
        let call = Call(
            head: head, body: body, channel: channel, keepAlive: keepAlive,
            takeOver: { raw in try await HTTPHandler.takeOver(bound, boundContext, raw) })
        let serve = serve
        task = Task {
            await serve(call)
            let end = await call.finish()
            channel.eventLoop.execute {
                bound.value.finished(end, context: boundContext.value)
            }
        }
    }

    private func finished(_ end: Call.End, context: ChannelHandlerContext) {
        task = nil
        guard !hijacked else { return }
        body?.discard()
        if end == .close || !keepAlive {
            context.close(promise: nil)
            return
        }
        let parts = early
        early = []
        for (index, part) in parts.enumerated() {
            if case .head = part, task != nil {
                early = Array(parts[index...])
                return
            }
            take(part, context: context)
        }
    }

    /// Takes the HTTP handlers out of the pipeline and puts `raw` there; bytes that the client sent early go to it.
    private static func takeOver(
        _ bound: NIOLoopBound<HTTPHandler>, _ boundContext: NIOLoopBound<ChannelHandlerContext>, _ raw: RawHandler
    ) async throws {
        let loop = bound.eventLoop
        try await loop.flatSubmit { () -> EventLoopFuture<Void> in
            let (handler, context) = (bound.value, boundContext.value)
            handler.hijacked = true
            let operations = context.pipeline.syncOperations
            do { try operations.addHandler(raw) } catch { return loop.makeFailedFuture(error) }
            let removals = [
                operations.removeHandler(handler), operations.removeHandler(handler.encoder),
                operations.removeHandler(handler.decoder),
            ]
            return .andAllSucceed(removals, on: loop)
        }.get()
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        body?.finish(ClientGone())
        body = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if !hijacked { task?.cancel() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that will send nothing more may still wait for its answer, but a request cut short is of no use.
        if let event = event as? ChannelEvent, event == .inputClosed {
            if body != nil || task == nil { context.close(promise: nil) }
            keepAlive = false
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            context.close(promise: nil)
            return
        }
        keepAlive = false
        if task != nil {
            // The task answers; it finds that its body makes no sense.
            body?.finish(EngineError(400, "invalid request body: \(error)"))
            body = nil
            return
        }
        // Go's server answers so, and clients print it.
        let text = "400 Bad Request: \(error)"
        let head = HTTPResponseHead(
            version: .http1_1, status: .badRequest,
            headers: [
                "Content-Type": "text/plain; charset=utf-8", "Connection": "close",
                "Content-Length": "\(text.utf8.count)",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// The client closed the connection in the middle of a request.
struct ClientGone: Error, CustomStringConvertible {
    var description: String { "the client closed the connection" }
}
