// Generated from Protos/services/version/v1/version.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.version.v1.Version`.
public enum VersionService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.version.v1.Version"
    /// `containerd.services.version.v1.Version/Version`
    public static let version = UnaryMethod<Google_Protobuf_Empty, Containerd_Services_Version_V1_VersionResponse>(
        "/containerd.services.version.v1.Version/Version")
}
