// Generated from Protos/runtime/task/v3/shim.proto by deploy/generate-services. Do not edit.
// swift-format-ignore-file

import RPC
import SwiftProtobuf

/// The methods of the service `containerd.task.v3.Task`.
public enum TaskV3Service {
    /// The service's full name, the first part of its methods' paths.
    public static let name = "containerd.task.v3.Task"
    /// `containerd.task.v3.Task/State`
    public static let state = UnaryMethod<Containerd_Task_V3_StateRequest, Containerd_Task_V3_StateResponse>(
        "/containerd.task.v3.Task/State")
    /// `containerd.task.v3.Task/Create`
    public static let create = UnaryMethod<Containerd_Task_V3_CreateTaskRequest, Containerd_Task_V3_CreateTaskResponse>(
        "/containerd.task.v3.Task/Create")
    /// `containerd.task.v3.Task/Start`
    public static let start = UnaryMethod<Containerd_Task_V3_StartRequest, Containerd_Task_V3_StartResponse>(
        "/containerd.task.v3.Task/Start")
    /// `containerd.task.v3.Task/Delete`
    public static let delete = UnaryMethod<Containerd_Task_V3_DeleteRequest, Containerd_Task_V3_DeleteResponse>(
        "/containerd.task.v3.Task/Delete")
    /// `containerd.task.v3.Task/Pids`
    public static let pids = UnaryMethod<Containerd_Task_V3_PidsRequest, Containerd_Task_V3_PidsResponse>(
        "/containerd.task.v3.Task/Pids")
    /// `containerd.task.v3.Task/Pause`
    public static let pause = UnaryMethod<Containerd_Task_V3_PauseRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Pause")
    /// `containerd.task.v3.Task/Resume`
    public static let resume = UnaryMethod<Containerd_Task_V3_ResumeRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Resume")
    /// `containerd.task.v3.Task/Checkpoint`
    public static let checkpoint = UnaryMethod<Containerd_Task_V3_CheckpointTaskRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Checkpoint")
    /// `containerd.task.v3.Task/Kill`
    public static let kill = UnaryMethod<Containerd_Task_V3_KillRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Kill")
    /// `containerd.task.v3.Task/Exec`
    public static let exec = UnaryMethod<Containerd_Task_V3_ExecProcessRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Exec")
    /// `containerd.task.v3.Task/ResizePty`
    public static let resizePty = UnaryMethod<Containerd_Task_V3_ResizePtyRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/ResizePty")
    /// `containerd.task.v3.Task/CloseIO`
    public static let closeIO = UnaryMethod<Containerd_Task_V3_CloseIORequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/CloseIO")
    /// `containerd.task.v3.Task/Update`
    public static let update = UnaryMethod<Containerd_Task_V3_UpdateTaskRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Update")
    /// `containerd.task.v3.Task/Wait`
    public static let wait = UnaryMethod<Containerd_Task_V3_WaitRequest, Containerd_Task_V3_WaitResponse>(
        "/containerd.task.v3.Task/Wait")
    /// `containerd.task.v3.Task/Stats`
    public static let stats = UnaryMethod<Containerd_Task_V3_StatsRequest, Containerd_Task_V3_StatsResponse>(
        "/containerd.task.v3.Task/Stats")
    /// `containerd.task.v3.Task/Connect`
    public static let connect = UnaryMethod<Containerd_Task_V3_ConnectRequest, Containerd_Task_V3_ConnectResponse>(
        "/containerd.task.v3.Task/Connect")
    /// `containerd.task.v3.Task/Shutdown`
    public static let shutdown = UnaryMethod<Containerd_Task_V3_ShutdownRequest, Google_Protobuf_Empty>(
        "/containerd.task.v3.Task/Shutdown")
}
