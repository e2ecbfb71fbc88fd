// Generated from Protos/services/namespaces/v1/namespace.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.namespaces.v1.Namespaces`.
public enum NamespacesService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.namespaces.v1.Namespaces"
    /// `containerd.services.namespaces.v1.Namespaces/Get`
    public static let get = UnaryMethod<Containerd_Services_Namespaces_V1_GetNamespaceRequest, Containerd_Services_Namespaces_V1_GetNamespaceResponse>(
        "/containerd.services.namespaces.v1.Namespaces/Get")
    /// `containerd.services.namespaces.v1.Namespaces/List`
    public static let list = UnaryMethod<Containerd_Services_Namespaces_V1_ListNamespacesRequest, Containerd_Services_Namespaces_V1_ListNamespacesResponse>(
        "/containerd.services.namespaces.v1.Namespaces/List")
    /// `containerd.services.namespaces.v1.Namespaces/Create`
    public static let create = UnaryMethod<Containerd_Services_Namespaces_V1_CreateNamespaceRequest, Containerd_Services_Namespaces_V1_CreateNamespaceResponse>(
        "/containerd.services.namespaces.v1.Namespaces/Create")
    /// `containerd.services.namespaces.v1.Namespaces/Update`
    public static let update = UnaryMethod<Containerd_Services_Namespaces_V1_UpdateNamespaceRequest, Containerd_Services_Namespaces_V1_UpdateNamespaceResponse>(
        "/containerd.services.namespaces.v1.Namespaces/Update")
    /// `containerd.services.namespaces.v1.Namespaces/Delete`
    public static let delete = UnaryMethod<Containerd_Services_Namespaces_V1_DeleteNamespaceRequest, Google_Protobuf_Empty>(
        "/containerd.services.namespaces.v1.Namespaces/Delete")
}
