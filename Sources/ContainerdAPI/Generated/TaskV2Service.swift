// Generated from Protos/runtime/task/v2/shim.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.task.v2.Task`.
public enum TaskV2Service {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.task.v2.Task"
    /// `containerd.task.v2.Task/State`
    public static let state = UnaryMethod<Containerd_Task_V2_StateRequest, Containerd_Task_V2_StateResponse>(
        "/containerd.task.v2.Task/State")
    /// `containerd.task.v2.Task/Create`
    public static let create = UnaryMethod<Containerd_Task_V2_CreateTaskRequest, Containerd_Task_V2_CreateTaskResponse>(
        "/containerd.task.v2.Task/Create")
    /// `containerd.task.v2.Task/Start`
    public static let start = UnaryMethod<Containerd_Task_V2_StartRequest, Containerd_Task_V2_StartResponse>(
        "/containerd.task.v2.Task/Start")
    /// `containerd.task.v2.Task/Delete`
    public static let delete = UnaryMethod<Containerd_Task_V2_DeleteRequest, Containerd_Task_V2_DeleteResponse>(
        "/containerd.task.v2.Task/Delete")
    /// `containerd.task.v2.Task/Pids`
    public static let pids = UnaryMethod<Containerd_Task_V2_PidsRequest, Containerd_Task_V2_PidsResponse>(
        "/containerd.task.v2.Task/Pids")
    /// `containerd.task.v2.Task/Pause`
    public static let pause = UnaryMethod<Containerd_Task_V2_PauseRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Pause")
    /// `containerd.task.v2.Task/Resume`
    public static let resume = UnaryMethod<Containerd_Task_V2_ResumeRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Resume")
    /// `containerd.task.v2.Task/Checkpoint`
    public static let checkpoint = UnaryMethod<Containerd_Task_V2_CheckpointTaskRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Checkpoint")
    /// `containerd.task.v2.Task/Kill`
    public static let kill = UnaryMethod<Containerd_Task_V2_KillRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Kill")
    /// `containerd.task.v2.Task/Exec`
    public static let exec = UnaryMethod<Containerd_Task_V2_ExecProcessRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Exec")
    /// `containerd.task.v2.Task/ResizePty`
    public static let resizePty = UnaryMethod<Containerd_Task_V2_ResizePtyRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/ResizePty")
    /// `containerd.task.v2.Task/CloseIO`
    public static let closeIO = UnaryMethod<Containerd_Task_V2_CloseIORequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/CloseIO")
    /// `containerd.task.v2.Task/Update`
    public static let update = UnaryMethod<Containerd_Task_V2_UpdateTaskRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Update")
    /// `containerd.task.v2.Task/Wait`
    public static let wait = UnaryMethod<Containerd_Task_V2_WaitRequest, Containerd_Task_V2_WaitResponse>(
        "/containerd.task.v2.Task/Wait")
    /// `containerd.task.v2.Task/Stats`
    public static let stats = UnaryMethod<Containerd_Task_V2_StatsRequest, Containerd_Task_V2_StatsResponse>(
        "/containerd.task.v2.Task/Stats")
    /// `containerd.task.v2.Task/Connect`
    public static let connect = UnaryMethod<Containerd_Task_V2_ConnectRequest, Containerd_Task_V2_ConnectResponse>(
        "/containerd.task.v2.Task/Connect")
    /// `containerd.task.v2.Task/Shutdown`
    public static let shutdown = UnaryMethod<Containerd_Task_V2_ShutdownRequest, Google_Protobuf_Empty>(
        "/containerd.task.v2.Task/Shutdown")
}
