// Generated from Protos/services/introspection/v1/introspection.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.introspection.v1.Introspection`.
public enum IntrospectionService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.introspection.v1.Introspection"
    /// `containerd.services.introspection.v1.Introspection/Plugins`
    public static let plugins = UnaryMethod<Containerd_Services_Introspection_V1_PluginsRequest, Containerd_Services_Introspection_V1_PluginsResponse>(
        "/containerd.services.introspection.v1.Introspection/Plugins")
    /// `containerd.services.introspection.v1.Introspection/Server`
    public static let server = UnaryMethod<Google_Protobuf_Empty, Containerd_Services_Introspection_V1_ServerResponse>(
        "/containerd.services.introspection.v1.Introspection/Server")
    /// `containerd.services.introspection.v1.Introspection/PluginInfo`
    public static let pluginInfo = UnaryMethod<Containerd_Services_Introspection_V1_PluginInfoRequest, Containerd_Services_Introspection_V1_PluginInfoResponse>(
        "/containerd.services.introspection.v1.Introspection/PluginInfo")
}
