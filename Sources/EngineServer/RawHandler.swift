import NIOCore
import Synchronization

/// What is left of the pipeline when a request took over the connection: plain bytes, both ways.
final class RawHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let input: InboundBytes
    private let cancel = Mutex<(gone: Bool, action: (@Sendable () -> Void)?)>((false, nil))

    init(channel: any Channel) {
        input = InboundBytes { on in channel.setOption(.autoRead, value: on).whenComplete { _ in } }
    }

    /// What is done when the client goes away; at once when it has gone already.
    func whenGone(_ action: @escaping @Sendable () -> Void) {
        let gone = cancel.withLock { state in
            state.action = action
            return state.gone
        }
        if gone { action() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { input.push(unwrapInboundIn(data)) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { input.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        input.finish()
        let action = cancel.withLock { state in
            state.gone = true
            return state.action
        }
        action?()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
