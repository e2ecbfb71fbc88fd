import ContainerdAPI
import GRPC
import Metadata
import RPC
import SwiftProtobuf

/// The events service.
struct EventsServer {
    let events: EventExchange

    func register(on server: GRPCServer) {
        let events = events
        server.register(EventsService.publish) { request, context in
            let scope = try context.scope()
            try EventExchange.validate(topic: request.topic)
            var envelope = EventEnvelope()
            envelope.timestamp = .now
            envelope.namespace = scope.namespace
            envelope.topic = request.topic
            envelope.event = request.event
            try events.forward(envelope)
            return Google_Protobuf_Empty()
        }
        server.register(EventsService.forward) { request, _ in
            try events.forward(request.envelope)
            return Google_Protobuf_Empty()
        }
        server.register(EventsService.subscribe) { request, _, send in
            let stream = events.subscribe(try Filter(request.filters))
            // Now the client may rely on seeing what happens from here on.
            try await send.start()
            for try await envelope in stream { try await send(envelope) }
        }
    }
}
