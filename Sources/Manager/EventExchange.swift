import ContainerdAPI
import Metadata
import RPC
import SwiftProtobuf
import Synchronization

/// Carries events from whoever publishes them to all who subscribed, in the order of publishing.
final class EventExchange: Sendable {
    private struct Subscriber {
        var filter: Filter
        var continuation: AsyncThrowingStream<EventEnvelope, any Error>.Continuation
    }

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var next = 0
    }

    /// Events that may wait for one subscriber; one that is slower is let go, so that it knows what it missed.
    private static let backlog = 65_536
    private let state = Mutex(State())

    /// Publishes an event of the manager's own.
    func publish(_ event: some Message, topic: String, in namespace: String) {
        var envelope = EventEnvelope()
        envelope.timestamp = .now
        envelope.namespace = namespace
        envelope.topic = topic
        envelope.event = (try? Google_Protobuf_Any(containerd: event)) ?? Google_Protobuf_Any()
        deliver(envelope)
    }

    /// Publishes an event that came from outside.
    ///
    /// - Throws: `RPCError` (invalid argument) for an envelope that is not whole.
    func forward(_ envelope: EventEnvelope) throws {
        try Identifier.validate(envelope.namespace)
        try Self.validate(topic: envelope.topic)
        guard envelope.hasTimestamp else { throw RPCError.invalidArgument("timestamp must be set on forwarded event") }
        deliver(envelope)
    }

    static func validate(topic: String) throws {
        guard topic.hasPrefix("/") else { throw RPCError.invalidArgument("topic \"\(topic)\" must start with '/'") }
        guard topic.utf8.count > 1 else {
            throw RPCError.invalidArgument("topic \"\(topic)\" must have at least one component")
        }
        for component in topic.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            try Identifier.validate(String(component))
        }
    }

    /// All events from now on that `filter` matches.
    func subscribe(_ filter: Filter) -> AsyncThrowingStream<EventEnvelope, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: EventEnvelope.self, bufferingPolicy: .bufferingOldest(Self.backlog))
        let id = state.withLock { state in
            state.next += 1
            state.subscribers[state.next] = Subscriber(filter: filter, continuation: continuation)
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }

    private func deliver(_ envelope: EventEnvelope) {
        // Delivered under the lock: every subscriber sees the same order.
        let dropped = state.withLock { state in
            var dropped: [AsyncThrowingStream<EventEnvelope, any Error>.Continuation] = []
            for subscriber in state.subscribers.values where subscriber.filter.matches(envelope) {
                if case .dropped = subscriber.continuation.yield(envelope) { dropped.append(subscriber.continuation) }
            }
            return dropped
        }
        for continuation in dropped {
            continuation.finish(throwing: RPCError(.resourceExhausted, "subscriber is too slow: events were lost"))
        }
    }
}

extension Google_Protobuf_Any {
    /// A message under its bare type name, as containerd's clients expect it.
    init(containerd message: some Message) throws {
        self.init()
        typeURL = type(of: message).protoMessageName
        value = try message.serializedData()
    }
}
