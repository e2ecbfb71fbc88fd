import RPC
import SwiftProtobuf

/// A call in which both sides stream. Letting it go cancels it.
public struct BidirectionalCall<Request: Message, Response: Message>: Sendable {
    let call: ClientCall

    /// The server's messages; throws `RPCError` when the call failed. One task reads it at a time.
    public var responses: MessageStream<Response> {
        MessageStream { try await call.read() }
    }

    /// The server's next message, or nil when the call has ended well.
    public func receive() async throws -> Response? {
        guard let bytes = try await call.read() else { return nil }
        return try decode(bytes)
    }

    /// Sends a message; when the call has ended, throws its status.
    public func send(_ message: Request) async throws {
        try await call.write(encode(message))
    }

    /// Closes the client's side: the server sees the end of the stream.
    public func finish() async { await call.finish() }

    /// Ends the call.
    public func cancel() { call.cancel() }
}
