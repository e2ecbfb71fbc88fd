// Generated from Protos/services/events/v1/events.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.events.v1.Events`.
public enum EventsService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.events.v1.Events"
    /// `containerd.services.events.v1.Events/Publish`
    public static let publish = UnaryMethod<Containerd_Services_Events_V1_PublishRequest, Google_Protobuf_Empty>(
        "/containerd.services.events.v1.Events/Publish")
    /// `containerd.services.events.v1.Events/Forward`
    public static let forward = UnaryMethod<Containerd_Services_Events_V1_ForwardRequest, Google_Protobuf_Empty>(
        "/containerd.services.events.v1.Events/Forward")
    /// `containerd.services.events.v1.Events/Subscribe`
    public static let subscribe = ServerStreamingMethod<Containerd_Services_Events_V1_SubscribeRequest, Containerd_Types_Envelope>(
        "/containerd.services.events.v1.Events/Subscribe")
}
