import RPC
import SwiftProtobuf

/// Streams messages to the peer: `try await send(message)`.
///
/// Several tasks may send; messages go out whole, in the order of the calls. A call returns when the message has passed
/// flow control, so that a slow peer slows the sender.
public struct MessageWriter<M: Message>: Sendable {
    let send: @Sendable ([UInt8]) async throws -> Void
    let begin: @Sendable () async throws -> Void

    /// Sends one message.
    ///
    /// - Throws: `RPCError` (`cancelled`) when the call has ended.
    public func callAsFunction(_ message: M) async throws {
        try await send(encode(message))
    }

    /// Sends the initial metadata ahead of the first message, which tells the peer that the call has been taken up.
    public func start() async throws {
        try await begin()
    }
}
