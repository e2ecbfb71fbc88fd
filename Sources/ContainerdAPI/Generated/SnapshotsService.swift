// Generated from Protos/services/snapshots/v1/snapshots.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.snapshots.v1.Snapshots`.
public enum SnapshotsService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.snapshots.v1.Snapshots"
    /// `containerd.services.snapshots.v1.Snapshots/Prepare`
    public static let prepare = UnaryMethod<Containerd_Services_Snapshots_V1_PrepareSnapshotRequest, Containerd_Services_Snapshots_V1_PrepareSnapshotResponse>(
        "/containerd.services.snapshots.v1.Snapshots/Prepare")
    /// `containerd.services.snapshots.v1.Snapshots/View`
    public static let view = UnaryMethod<Containerd_Services_Snapshots_V1_ViewSnapshotRequest, Containerd_Services_Snapshots_V1_ViewSnapshotResponse>(
        "/containerd.services.snapshots.v1.Snapshots/View")
    /// `containerd.services.snapshots.v1.Snapshots/Mounts`
    public static let mounts = UnaryMethod<Containerd_Services_Snapshots_V1_MountsRequest, Containerd_Services_Snapshots_V1_MountsResponse>(
        "/containerd.services.snapshots.v1.Snapshots/Mounts")
    /// `containerd.services.snapshots.v1.Snapshots/Commit`
    public static let commit = UnaryMethod<Containerd_Services_Snapshots_V1_CommitSnapshotRequest, Google_Protobuf_Empty>(
        "/containerd.services.snapshots.v1.Snapshots/Commit")
    /// `containerd.services.snapshots.v1.Snapshots/Remove`
    public static let remove = UnaryMethod<Containerd_Services_Snapshots_V1_RemoveSnapshotRequest, Google_Protobuf_Empty>(
        "/containerd.services.snapshots.v1.Snapshots/Remove")
    /// `containerd.services.snapshots.v1.Snapshots/Stat`
    public static let stat = UnaryMethod<Containerd_Services_Snapshots_V1_StatSnapshotRequest, Containerd_Services_Snapshots_V1_StatSnapshotResponse>(
        "/containerd.services.snapshots.v1.Snapshots/Stat")
    /// `containerd.services.snapshots.v1.Snapshots/Update`
    public static let update = UnaryMethod<Containerd_Services_Snapshots_V1_UpdateSnapshotRequest, Containerd_Services_Snapshots_V1_UpdateSnapshotResponse>(
        "/containerd.services.snapshots.v1.Snapshots/Update")
    /// `containerd.services.snapshots.v1.Snapshots/List`
    public static let list = ServerStreamingMethod<Containerd_Services_Snapshots_V1_ListSnapshotsRequest, Containerd_Services_Snapshots_V1_ListSnapshotsResponse>(
        "/containerd.services.snapshots.v1.Snapshots/List")
    /// `containerd.services.snapshots.v1.Snapshots/Usage`
    public static let usage = UnaryMethod<Containerd_Services_Snapshots_V1_UsageRequest, Containerd_Services_Snapshots_V1_UsageResponse>(
        "/containerd.services.snapshots.v1.Snapshots/Usage")
    /// `containerd.services.snapshots.v1.Snapshots/Cleanup`
    public static let cleanup = UnaryMethod<Containerd_Services_Snapshots_V1_CleanupRequest, Google_Protobuf_Empty>(
        "/containerd.services.snapshots.v1.Snapshots/Cleanup")
}
