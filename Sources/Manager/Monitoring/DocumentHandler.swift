import NIOCore
import NIOHTTP1

/// One connection of a `DocumentServer`: answers its first request and ends it.
final class DocumentHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take for its request and for taking the answer.
    private static let patience = TimeAmount.seconds(10)

    private let documents: [String: DocumentServer.Source]
    private var request: HTTPRequestHead?
    private var deadline: Scheduled<Void>?

    init(_ documents: [String: DocumentServer.Source]) { self.documents = documents }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): request = head
        case .body: break
        case .end:
            guard let request else { return }
            self.request = nil
            let channel = context.channel
            let documents = documents
            Task { @Sendable in await Self.answer(request, channel, documents) }
        }
    }

    private static func answer(
        _ request: HTTPRequestHead, _ channel: any Channel, _ documents: [String: DocumentServer.Source]
    ) async {
        let (head, text) = await response(to: request, documents)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if request.method != .HEAD {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        }
        try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        try? await channel.close()
    }

    private static func response(
        to request: HTTPRequestHead, _ documents: [String: DocumentServer.Source]
    ) async -> (HTTPResponseHead, String) {
        func response(_ status: HTTPResponseStatus, _ document: Document) -> (HTTPResponseHead, String) {
            let fields: HTTPHeaders = [
                "Content-Type": document.type, "Content-Length": "\(document.text.utf8.count)",
                "X-Content-Type-Options": "nosniff", "Connection": "close",
            ]
            return (HTTPResponseHead(version: .http1_1, status: status, headers: fields), document.text)
        }
        func failure(_ status: HTTPResponseStatus, _ words: String) -> (HTTPResponseHead, String) {
            response(status, Document(type: "text/plain; charset=utf-8", text: words + "\n"))
        }
        guard let source = documents[String(request.uri.prefix { $0 != "?" })] else {
            return failure(.notFound, "there is: \(documents.keys.sorted().joined(separator: ", "))")
        }
        guard request.method == .GET || request.method == .HEAD else {
            var (head, text) = failure(.methodNotAllowed, "GET alone")
            head.headers.add(name: "Allow", value: "GET, HEAD")
            return (head, text)
        }
        return response(.ok, await source())
    }
}
