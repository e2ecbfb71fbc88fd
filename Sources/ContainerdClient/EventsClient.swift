import ContainerdAPI
import GRPC
import SwiftProtobuf

extension ContainerdClient {
    /// What happens on the server.
    public var events: EventsClient { EventsClient(client: self) }
}

/// Events: what happens in all namespaces.
public struct EventsClient: Sendable {
    let client: ContainerdClient

    /// The events from now on that match any of `filters` (such as `topic=="/tasks/exit"`); all without filters.
    ///
    /// Returns when the server has taken up the subscription if it says so at once (ukmanager does), and anyway after
    /// `patience`: containerd answers only with the first event.
    public func subscribe(
        filters: [String] = [], patience: Duration = .milliseconds(200)
    ) async throws -> MessageStream<EventEnvelope> {
        var request = Containerd_Services_Events_V1_SubscribeRequest()
        request.filters = filters
        return try await client.channel.start(
            EventsService.subscribe, request, options: client.options, patience: patience)
    }

    /// Publishes an event in the client's namespace.
    public func publish(topic: String, event: Google_Protobuf_Any) async throws {
        _ = try await client.call(EventsService.publish) {
            $0.topic = topic
            $0.event = event
        }
    }
}

extension EventEnvelope {
    /// The event itself, when it is one of containerd's.
    public var message: (any Message)? {
        guard let type = Self.types[String(event.typeURL.split(separator: "/").last ?? "")] else { return nil }
        return try? type.init(serializedBytes: event.value)
    }

    private static let types: [String: any Message.Type] = {
        let all: [any Message.Type] = [
            Containerd_Events_ContainerCreate.self, Containerd_Events_ContainerUpdate.self,
            Containerd_Events_ContainerDelete.self, Containerd_Events_ContentCreate.self,
            Containerd_Events_ContentDelete.self,
            Containerd_Services_Images_V1_ImageCreate.self, Containerd_Services_Images_V1_ImageUpdate.self,
            Containerd_Services_Images_V1_ImageDelete.self, Containerd_Events_NamespaceCreate.self,
            Containerd_Events_NamespaceUpdate.self, Containerd_Events_NamespaceDelete.self,
            Containerd_Events_SnapshotPrepare.self, Containerd_Events_SnapshotCommit.self,
            Containerd_Events_SnapshotRemove.self, Containerd_Events_TaskCreate.self, Containerd_Events_TaskStart.self,
            Containerd_Events_TaskDelete.self, Containerd_Events_TaskIO.self, Containerd_Events_TaskExit.self,
            Containerd_Events_TaskOOM.self, Containerd_Events_TaskExecAdded.self,
            Containerd_Events_TaskExecStarted.self, Containerd_Events_TaskPaused.self,
            Containerd_Events_TaskResumed.self, Containerd_Events_TaskCheckpointed.self,
        ]
        return Dictionary(uniqueKeysWithValues: all.map { ($0.protoMessageName, $0) })
    }()
}
