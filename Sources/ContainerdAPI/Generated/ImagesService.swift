// Generated from Protos/services/images/v1/images.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.images.v1.Images`.
public enum ImagesService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.images.v1.Images"
    /// `containerd.services.images.v1.Images/Get`
    public static let get = UnaryMethod<Containerd_Services_Images_V1_GetImageRequest, Containerd_Services_Images_V1_GetImageResponse>(
        "/containerd.services.images.v1.Images/Get")
    /// `containerd.services.images.v1.Images/List`
    public static let list = UnaryMethod<Containerd_Services_Images_V1_ListImagesRequest, Containerd_Services_Images_V1_ListImagesResponse>(
        "/containerd.services.images.v1.Images/List")
    /// `containerd.services.images.v1.Images/Create`
    public static let create = UnaryMethod<Containerd_Services_Images_V1_CreateImageRequest, Containerd_Services_Images_V1_CreateImageResponse>(
        "/containerd.services.images.v1.Images/Create")
    /// `containerd.services.images.v1.Images/Update`
    public static let update = UnaryMethod<Containerd_Services_Images_V1_UpdateImageRequest, Containerd_Services_Images_V1_UpdateImageResponse>(
        "/containerd.services.images.v1.Images/Update")
    /// `containerd.services.images.v1.Images/Delete`
    public static let delete = UnaryMethod<Containerd_Services_Images_V1_DeleteImageRequest, Google_Protobuf_Empty>(
        "/containerd.services.images.v1.Images/Delete")
}
