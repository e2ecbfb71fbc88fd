import ContainerdAPI
import Foundation
import GRPC
import Logging
import Metadata
import RPC
import SwiftProtobuf

/// The tasks service: passes every question on to the task's shim.
struct TasksServer {
    let metadata: MetadataStore
    let tasks: TaskManager
    let log: Logger

    func register(on server: GRPCServer) {
        registerLife(on: server)
        registerQueries(on: server)
        registerControls(on: server)
    }

    private func registerLife(on server: GRPCServer) {
        let (metadata, tasks) = (metadata, tasks)
        server.register(TasksService.create) { request, context in
            let scope = try context.scope()
            let container = try await metadata.container(request.containerID, in: scope)
            guard !request.hasCheckpoint || request.checkpoint.digest.isEmpty else {
                throw RPCError.unimplemented("create from a checkpoint")
            }
            var response = Containerd_Services_Tasks_V1_CreateTaskResponse()
            response.containerID = container.id
            response.pid = try await tasks.create(container, request: request, in: scope.namespace)
            return response
        }
        server.register(TasksService.start) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_StartRequest()
            message.id = request.containerID
            message.execID = request.execID
            var response = Containerd_Services_Tasks_V1_StartResponse()
            response.pid = try await shim.call(TaskV2Service.start, message).pid
            return response
        }
        server.register(TasksService.delete) { request, context in
            let deleted = try await tasks.delete(request.containerID, in: context.scope().namespace)
            var response = Containerd_Services_Tasks_V1_DeleteResponse()
            response.id = request.containerID
            response.pid = deleted.pid
            response.exitStatus = deleted.exitStatus
            response.exitedAt = deleted.exitedAt
            return response
        }
        server.register(TasksService.deleteProcess) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            guard !request.execID.isEmpty else { throw RPCError.invalidArgument("exec id must be given") }
            var message = Containerd_Task_V2_DeleteRequest()
            message.id = request.containerID
            message.execID = request.execID
            let deleted = try await shim.call(TaskV2Service.delete, message)
            var response = Containerd_Services_Tasks_V1_DeleteResponse()
            response.id = request.execID
            response.pid = deleted.pid
            response.exitStatus = deleted.exitStatus
            response.exitedAt = deleted.exitedAt
            return response
        }
        server.register(TasksService.exec) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            try Identifier.validate(request.execID)
            var message = Containerd_Task_V2_ExecProcessRequest()
            message.id = request.containerID
            message.execID = request.execID
            message.terminal = request.terminal
            message.stdin = request.stdin
            message.stdout = request.stdout
            message.stderr = request.stderr
            message.spec = request.spec
            return try await shim.call(TaskV2Service.exec, message)
        }
        server.register(TasksService.wait) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_WaitRequest()
            message.id = request.containerID
            message.execID = request.execID
            var response = Containerd_Services_Tasks_V1_WaitResponse()
            do {
                let waited = try await shim.call(TaskV2Service.wait, message)
                response.exitStatus = waited.exitStatus
                response.exitedAt = waited.exitedAt
            } catch let error as ShimLost {
                guard !shim.isLeaving else { throw error }
                // The shim died, and everything in the container with it.
                let exit = await shim.exit()
                response.exitStatus = exit.status
                response.exitedAt = exit.at
            }
            return response
        }
    }

    private func registerQueries(on server: GRPCServer) {
        let (tasks, log) = (tasks, log)
        server.register(TasksService.get) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var response = Containerd_Services_Tasks_V1_GetResponse()
            response.process = try await Self.process(shim, execID: request.execID, within: tasks.timeouts.state)
            return response
        }
        server.register(TasksService.list) { request, context in
            let scope = try context.scope()
            let filter = try request.filter.isEmpty ? Filter.all : Filter([request.filter])
            let shims = await tasks.shims(in: scope.namespace)
            var response = Containerd_Services_Tasks_V1_ListTasksResponse()
            response.tasks = await shims.concurrently { shim in
                do {
                    return try await Self.process(shim, execID: "", within: tasks.timeouts.state)
                } catch {
                    // A task that went away meanwhile.
                    log.debug("task left out of list", metadata: ["id": "\(shim.bundle.id)", "error": "\(error)"])
                    return nil
                }
            }.filter(filter.matches)
            return response
        }
        server.register(TasksService.listPids) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_PidsRequest()
            message.id = request.containerID
            var response = Containerd_Services_Tasks_V1_ListPidsResponse()
            response.processes = try await shim.call(TaskV2Service.pids, message).processes
            return response
        }
        server.register(TasksService.metrics) { request, context in
            let scope = try context.scope()
            let filter = try Filter(request.filters)
            let shims = await tasks.shims(in: scope.namespace).filter { shim in
                var process = TaskProcess()
                process.id = shim.bundle.id
                return filter.matches(process)
            }
            var response = Containerd_Services_Tasks_V1_MetricsResponse()
            response.metrics = await shims.concurrently { await $0.metric() }
            return response
        }
    }

    private func registerControls(on server: GRPCServer) {
        let tasks = tasks
        server.register(TasksService.kill) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_KillRequest()
            message.id = request.containerID
            message.execID = request.execID
            message.signal = request.signal
            message.all = request.all
            return try await shim.call(TaskV2Service.kill, message)
        }
        server.register(TasksService.resizePty) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_ResizePtyRequest()
            message.id = request.containerID
            message.execID = request.execID
            message.width = request.width
            message.height = request.height
            return try await shim.call(TaskV2Service.resizePty, message)
        }
        server.register(TasksService.closeIO) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_CloseIORequest()
            message.id = request.containerID
            message.execID = request.execID
            message.stdin = request.stdin
            return try await shim.call(TaskV2Service.closeIO, message)
        }
        server.register(TasksService.pause) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_PauseRequest()
            message.id = request.containerID
            return try await shim.call(TaskV2Service.pause, message)
        }
        server.register(TasksService.resume) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_ResumeRequest()
            message.id = request.containerID
            return try await shim.call(TaskV2Service.resume, message)
        }
        server.register(TasksService.update) { request, context in
            let shim = try await tasks.shim(request.containerID, in: context.scope().namespace)
            var message = Containerd_Task_V2_UpdateTaskRequest()
            message.id = request.containerID
            if request.hasResources { message.resources = request.resources }
            message.annotations = request.annotations
            return try await shim.call(TaskV2Service.update, message)
        }
        server.register(TasksService.checkpoint) { request, context in
            _ = try await tasks.shim(request.containerID, in: context.scope().namespace)
            throw RPCError.unimplemented("checkpoint")
        }
    }

    private static func process(_ shim: Shim, execID: String, within timeout: Duration) async throws -> TaskProcess {
        var message = Containerd_Task_V2_StateRequest()
        message.id = shim.bundle.id
        message.execID = execID
        let state: Containerd_Task_V2_StateResponse
        do {
            state = try await shim.call(TaskV2Service.state, message, timeout: timeout)
        } catch let error as RPCError where error.code == .deadlineExceeded {
            // A shim that does not answer is there nevertheless; in which state, nobody knows.
            state = .with { if execID.isEmpty { $0.pid = shim.pid } }
        }
        if execID.isEmpty, state.pid != 0 { shim.pid = state.pid }
        var process = TaskProcess()
        process.containerID = shim.bundle.id
        process.id = execID.isEmpty ? shim.bundle.id : execID
        process.pid = state.pid
        process.status = state.status
        process.stdin = state.stdin
        process.stdout = state.stdout
        process.stderr = state.stderr
        process.terminal = state.terminal
        process.exitStatus = state.exitStatus
        if state.hasExitedAt { process.exitedAt = state.exitedAt }
        return process
    }
}
