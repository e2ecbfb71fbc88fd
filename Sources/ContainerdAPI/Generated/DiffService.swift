// Generated from Protos/services/diff/v1/diff.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.diff.v1.Diff`.
public enum DiffService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.diff.v1.Diff"
    /// `containerd.services.diff.v1.Diff/Apply`
    public static let apply = UnaryMethod<Containerd_Services_Diff_V1_ApplyRequest, Containerd_Services_Diff_V1_ApplyResponse>(
        "/containerd.services.diff.v1.Diff/Apply")
    /// `containerd.services.diff.v1.Diff/Diff`
    public static let diff = UnaryMethod<Containerd_Services_Diff_V1_DiffRequest, Containerd_Services_Diff_V1_DiffResponse>(
        "/containerd.services.diff.v1.Diff/Diff")
}
