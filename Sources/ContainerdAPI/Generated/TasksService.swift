// Generated from Protos/services/tasks/v1/tasks.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.services.tasks.v1.Tasks`.
public enum TasksService {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.services.tasks.v1.Tasks"
    /// `containerd.services.tasks.v1.Tasks/Create`
    public static let create = UnaryMethod<Containerd_Services_Tasks_V1_CreateTaskRequest, Containerd_Services_Tasks_V1_CreateTaskResponse>(
        "/containerd.services.tasks.v1.Tasks/Create")
    /// `containerd.services.tasks.v1.Tasks/Start`
    public static let start = UnaryMethod<Containerd_Services_Tasks_V1_StartRequest, Containerd_Services_Tasks_V1_StartResponse>(
        "/containerd.services.tasks.v1.Tasks/Start")
    /// `containerd.services.tasks.v1.Tasks/Delete`
    public static let delete = UnaryMethod<Containerd_Services_Tasks_V1_DeleteTaskRequest, Containerd_Services_Tasks_V1_DeleteResponse>(
        "/containerd.services.tasks.v1.Tasks/Delete")
    /// `containerd.services.tasks.v1.Tasks/DeleteProcess`
    public static let deleteProcess = UnaryMethod<Containerd_Services_Tasks_V1_DeleteProcessRequest, Containerd_Services_Tasks_V1_DeleteResponse>(
        "/containerd.services.tasks.v1.Tasks/DeleteProcess")
    /// `containerd.services.tasks.v1.Tasks/Get`
    public static let get = UnaryMethod<Containerd_Services_Tasks_V1_GetRequest, Containerd_Services_Tasks_V1_GetResponse>(
        "/containerd.services.tasks.v1.Tasks/Get")
    /// `containerd.services.tasks.v1.Tasks/List`
    public static let list = UnaryMethod<Containerd_Services_Tasks_V1_ListTasksRequest, Containerd_Services_Tasks_V1_ListTasksResponse>(
        "/containerd.services.tasks.v1.Tasks/List")
    /// `containerd.services.tasks.v1.Tasks/Kill`
    public static let kill = UnaryMethod<Containerd_Services_Tasks_V1_KillRequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/Kill")
    /// `containerd.services.tasks.v1.Tasks/Exec`
    public static let exec = UnaryMethod<Containerd_Services_Tasks_V1_ExecProcessRequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/Exec")
    /// `containerd.services.tasks.v1.Tasks/ResizePty`
    public static let resizePty = UnaryMethod<Containerd_Services_Tasks_V1_ResizePtyRequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/ResizePty")
    /// `containerd.services.tasks.v1.Tasks/CloseIO`
    public static let closeIO = UnaryMethod<Containerd_Services_Tasks_V1_CloseIORequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/CloseIO")
    /// `containerd.services.tasks.v1.Tasks/Pause`
    public static let pause = UnaryMethod<Containerd_Services_Tasks_V1_PauseTaskRequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/Pause")
    /// `containerd.services.tasks.v1.Tasks/Resume`
    public static let resume = UnaryMethod<Containerd_Services_Tasks_V1_ResumeTaskRequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/Resume")
    /// `containerd.services.tasks.v1.Tasks/ListPids`
    public static let listPids = UnaryMethod<Containerd_Services_Tasks_V1_ListPidsRequest, Containerd_Services_Tasks_V1_ListPidsResponse>(
        "/containerd.services.tasks.v1.Tasks/ListPids")
    /// `containerd.services.tasks.v1.Tasks/Checkpoint`
    public static let checkpoint = UnaryMethod<Containerd_Services_Tasks_V1_CheckpointTaskRequest, Containerd_Services_Tasks_V1_CheckpointTaskResponse>(
        "/containerd.services.tasks.v1.Tasks/Checkpoint")
    /// `containerd.services.tasks.v1.Tasks/Update`
    public static let update = UnaryMethod<Containerd_Services_Tasks_V1_UpdateTaskRequest, Google_Protobuf_Empty>(
        "/containerd.services.tasks.v1.Tasks/Update")
    /// `containerd.services.tasks.v1.Tasks/Metrics`
    public static let metrics = UnaryMethod<Containerd_Services_Tasks_V1_MetricsRequest, Containerd_Services_Tasks_V1_MetricsResponse>(
        "/containerd.services.tasks.v1.Tasks/Metrics")
    /// `containerd.services.tasks.v1.Tasks/Wait`
    public static let wait = UnaryMethod<Containerd_Services_Tasks_V1_WaitRequest, Containerd_Services_Tasks_V1_WaitResponse>(
        "/containerd.services.tasks.v1.Tasks/Wait")
}
