// Generated from Protos/services/content/v1/content.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.content.v1.Content`.
public enum ContentService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.content.v1.Content"
    /// `containerd.services.content.v1.Content/Info`
    public static let info = UnaryMethod<Containerd_Services_Content_V1_InfoRequest, Containerd_Services_Content_V1_InfoResponse>(
        "/containerd.services.content.v1.Content/Info")
    /// `containerd.services.content.v1.Content/Update`
    public static let update = UnaryMethod<Containerd_Services_Content_V1_UpdateRequest, Containerd_Services_Content_V1_UpdateResponse>(
        "/containerd.services.content.v1.Content/Update")
    /// `containerd.services.content.v1.Content/List`
    public static let list = ServerStreamingMethod<Containerd_Services_Content_V1_ListContentRequest, Containerd_Services_Content_V1_ListContentResponse>(
        "/containerd.services.content.v1.Content/List")
    /// `containerd.services.content.v1.Content/Delete`
    public static let delete = UnaryMethod<Containerd_Services_Content_V1_DeleteContentRequest, Google_Protobuf_Empty>(
        "/containerd.services.content.v1.Content/Delete")
    /// `containerd.services.content.v1.Content/Read`
    public static let read = ServerStreamingMethod<Containerd_Services_Content_V1_ReadContentRequest, Containerd_Services_Content_V1_ReadContentResponse>(
        "/containerd.services.content.v1.Content/Read")
    /// `containerd.services.content.v1.Content/Status`
    public static let status = UnaryMethod<Containerd_Services_Content_V1_StatusRequest, Containerd_Services_Content_V1_StatusResponse>(
        "/containerd.services.content.v1.Content/Status")
    /// `containerd.services.content.v1.Content/ListStatuses`
    public static let listStatuses = UnaryMethod<Containerd_Services_Content_V1_ListStatusesRequest, Containerd_Services_Content_V1_ListStatusesResponse>(
        "/containerd.services.content.v1.Content/ListStatuses")
    /// `containerd.services.content.v1.Content/Write`
    public static let write = BidirectionalMethod<Containerd_Services_Content_V1_WriteContentRequest, Containerd_Services_Content_V1_WriteContentResponse>(
        "/containerd.services.content.v1.Content/Write")
    /// `containerd.services.content.v1.Content/Abort`
    public static let abort = UnaryMethod<Containerd_Services_Content_V1_AbortRequest, Google_Protobuf_Empty>(
        "/containerd.services.content.v1.Content/Abort")
}
