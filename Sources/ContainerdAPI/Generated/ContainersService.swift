// Generated from Protos/services/containers/v1/containers.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.containers.v1.Containers`.
public enum ContainersService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.containers.v1.Containers"
    /// `containerd.services.containers.v1.Containers/Get`
    public static let get = UnaryMethod<Containerd_Services_Containers_V1_GetContainerRequest, Containerd_Services_Containers_V1_GetContainerResponse>(
        "/containerd.services.containers.v1.Containers/Get")
    /// `containerd.services.containers.v1.Containers/List`
    public static let list = UnaryMethod<Containerd_Services_Containers_V1_ListContainersRequest, Containerd_Services_Containers_V1_ListContainersResponse>(
        "/containerd.services.containers.v1.Containers/List")
    /// `containerd.services.containers.v1.Containers/ListStream`
    public static let listStream = ServerStreamingMethod<Containerd_Services_Containers_V1_ListContainersRequest, Containerd_Services_Containers_V1_ListContainerMessage>(
        "/containerd.services.containers.v1.Containers/ListStream")
    /// `containerd.services.containers.v1.Containers/Create`
    public static let create = UnaryMethod<Containerd_Services_Containers_V1_CreateContainerRequest, Containerd_Services_Containers_V1_CreateContainerResponse>(
        "/containerd.services.containers.v1.Containers/Create")
    /// `containerd.services.containers.v1.Containers/Update`
    public static let update = UnaryMethod<Containerd_Services_Containers_V1_UpdateContainerRequest, Containerd_Services_Containers_V1_UpdateContainerResponse>(
        "/containerd.services.containers.v1.Containers/Update")
    /// `containerd.services.containers.v1.Containers/Delete`
    public static let delete = UnaryMethod<Containerd_Services_Containers_V1_DeleteContainerRequest, Google_Protobuf_Empty>(
        "/containerd.services.containers.v1.Containers/Delete")
}
