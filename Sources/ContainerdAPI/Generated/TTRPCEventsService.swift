// Generated from Protos/services/ttrpc/events/v1/events.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.events.ttrpc.v1.Events`.
public enum TTRPCEventsService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.events.ttrpc.v1.Events"
    /// `containerd.services.events.ttrpc.v1.Events/Forward`
    public static let forward = UnaryMethod<Containerd_Services_Events_Ttrpc_V1_ForwardRequest, Google_Protobuf_Empty>(
        "/containerd.services.events.ttrpc.v1.Events/Forward")
}
