import RPC
import SwiftProtobuf

extension GRPCServer {
    /// Answers a unary method. Register before `start`.
    public func register<Request: Message, Response: Message>(
        _ method: UnaryMethod<Request, Response>,
        _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
    ) {
        register(path: method.path, .unary) { call in
            let request: Request = try await decode(call.readOne())
            return try await encode(handler(request, call.context))
        }
    }

    /// Answers a method that streams to the client: `{ request, context, send in try await send(message) }`.
    public func register<Request: Message, Response: Message>(
        _ method: ServerStreamingMethod<Request, Response>,
        _ handler: @escaping @Sendable (Request, ServerContext, MessageWriter<Response>) async throws -> Void
    ) {
        register(path: method.path, .serverStream) { call in
            let request: Request = try await decode(call.readOne())
            try await handler(request, call.context, call.writer())
            return nil
        }
    }

    /// Answers a method to which the client streams.
    public func register<Request: Message, Response: Message>(
        _ method: ClientStreamingMethod<Request, Response>,
        _ handler: @escaping @Sendable (MessageStream<Request>, ServerContext) async throws -> Response
    ) {
        register(path: method.path, .clientStream) { call in
            try await encode(handler(call.requests(), call.context))
        }
    }

    /// Answers a method in which both sides stream.
    public func register<Request: Message, Response: Message>(
        _ method: BidirectionalMethod<Request, Response>,
        _ handler:
            @escaping @Sendable (MessageStream<Request>, ServerContext, MessageWriter<Response>) async throws ->
            Void
    ) {
        register(path: method.path, .bidirectionalStream) { call in
            try await handler(call.requests(), call.context, call.writer())
            return nil
        }
    }
}

extension ServerCall {
    func requests<M: Message>() -> MessageStream<M> {
        MessageStream { try await self.read() }
    }

    func writer<M: Message>() -> MessageWriter<M> {
        MessageWriter(send: { try await self.write($0) }, begin: { try await self.begin() })
    }
}
