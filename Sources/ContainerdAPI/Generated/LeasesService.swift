// Generated from Protos/services/leases/v1/leases.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.leases.v1.Leases`.
public enum LeasesService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.leases.v1.Leases"
    /// `containerd.services.leases.v1.Leases/Create`
    public static let create = UnaryMethod<Containerd_Services_Leases_V1_CreateRequest, Containerd_Services_Leases_V1_CreateResponse>(
        "/containerd.services.leases.v1.Leases/Create")
    /// `containerd.services.leases.v1.Leases/Delete`
    public static let delete = UnaryMethod<Containerd_Services_Leases_V1_DeleteRequest, Google_Protobuf_Empty>(
        "/containerd.services.leases.v1.Leases/Delete")
    /// `containerd.services.leases.v1.Leases/List`
    public static let list = UnaryMethod<Containerd_Services_Leases_V1_ListRequest, Containerd_Services_Leases_V1_ListResponse>(
        "/containerd.services.leases.v1.Leases/List")
    /// `containerd.services.leases.v1.Leases/AddResource`
    public static let addResource = UnaryMethod<Containerd_Services_Leases_V1_AddResourceRequest, Google_Protobuf_Empty>(
        "/containerd.services.leases.v1.Leases/AddResource")
    /// `containerd.services.leases.v1.Leases/DeleteResource`
    public static let deleteResource = UnaryMethod<Containerd_Services_Leases_V1_DeleteResourceRequest, Google_Protobuf_Empty>(
        "/containerd.services.leases.v1.Leases/DeleteResource")
    /// `containerd.services.leases.v1.Leases/ListResources`
    public static let listResources = UnaryMethod<Containerd_Services_Leases_V1_ListResourcesRequest, Containerd_Services_Leases_V1_ListResourcesResponse>(
        "/containerd.services.leases.v1.Leases/ListResources")
}
