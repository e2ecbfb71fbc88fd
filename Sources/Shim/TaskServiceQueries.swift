import CHost
import CShimMessages
import Glibc
import Host
import SystemPackage
import TTRPC

/// What is asked of a container, and what holds it still.
extension TaskService {
    func state(_ payload: [UInt8], _ reply: Reply) throws {
        let (id, execID) = try decodeMessage(payload, containerd__task__v3__state_request__unpack) {
            (text($0.id), text($0.exec_id))
        }
        let container = try container(id)
        let process = try container.process(execID)
        let arena = MessageArena()
        let message: Containerd__Task__V3__StateResponse = makeMessage(
            containerd__task__v3__state_response__init
        ) {
            $0.id = arena.string(id)
            $0.bundle = arena.string(container.bundle)
            $0.pid = UInt32(process.pid)
            $0.status = TaskService.status(process, of: container)
            $0.stdin = arena.string(process.paths.input)
            $0.stdout = arena.string(process.paths.output)
            $0.stderr = arena.string(process.paths.error)
            $0.terminal = process.paths.isTerminal ? 1 : 0
            $0.exit_status = process.exit?.status ?? 0
            $0.exited_at = process.exit?.at.message(in: arena)
            $0.exec_id = arena.string(execID)
        }
        reply(.success(withExtendedLifetime(arena) { encodeMessage(message) }))
    }

    func pids(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let id = try decodeMessage(payload, containerd__task__v3__pids_request__unpack) { text($0.id) }
        let container = try container(id)
        try query(container, ["ps", "--format", "json", id], reply) { document in
            let arena = MessageArena()
            let processes = document.elements.map { element -> Containerd__V1__Types__ProcessInfo in
                makeMessage(containerd__v1__types__process_info__init) { info in
                    info.pid = UInt32(truncatingIfNeeded: element.unsigned)
                    guard let exec = container.execs.first(where: { UInt64($0.pid) == element.unsigned }) else {
                        return
                    }
                    let details: Containerd__Runc__V1__ProcessDetails = makeMessage(
                        containerd__runc__v1__process_details__init
                    ) { $0.exec_id = arena.string(exec.execID) }
                    info.info = anyMessage("containerd.runc.v1.ProcessDetails", encodeMessage(details), in: arena)
                }
            }
            let message: Containerd__Task__V3__PidsResponse = makeMessage(containerd__task__v3__pids_response__init) {
                $0.n_processes = processes.count
                $0.processes = arena.repeated(processes)
            }
            return withExtendedLifetime(arena) { encodeMessage(message) }
        }
    }

    func stats(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let id = try decodeMessage(payload, containerd__task__v3__stats_request__unpack) { text($0.id) }
        let container = try container(id)
        try query(container, ["events", "--stats", id], reply) { document in
            let metrics = Metrics(document["data"])
            let arena = MessageArena()
            let message: Containerd__Task__V3__StatsResponse = makeMessage(
                containerd__task__v3__stats_response__init
            ) { $0.stats = anyMessage(metrics.typeURL, metrics.encoded, in: arena) }
            return withExtendedLifetime(arena) { encodeMessage(message) }
        }
    }

    func pause(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let id = try decodeMessage(payload, containerd__task__v3__pause_request__unpack) { text($0.id) }
        let container = try container(id)
        if container.isPaused { throw TTRPCError(.unknown, "cannot pause a paused container: unknown") }
        try command(container, ["pause", id], reply) { [self] in
            container.isPaused = true
            publisher.publish(.paused(id))
        }
    }

    func resume(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let id = try decodeMessage(payload, containerd__task__v3__resume_request__unpack) { text($0.id) }
        let container = try container(id)
        if !container.isPaused, container.main.state == .running {
            throw TTRPCError(.unknown, "cannot resume a running process: unknown")
        }
        try command(container, ["resume", id], reply) { [self] in
            container.isPaused = false
            publisher.publish(.resumed(id))
        }
    }

    func update(_ payload: [UInt8], _ reply: @escaping Reply) throws {
        let (id, resources) = try decodeMessage(payload, containerd__task__v3__update_task_request__unpack) {
            (text($0.id), $0.resources.map { bytes($0.pointee.value) })
        }
        let container = try container(id)
        guard let resources else {
            throw TTRPCError(.invalidArgument, "update of \(id) without resources: invalid argument")
        }
        let file = "\(container.bundle)/resources-\(MonotonicTime.now()).json"
        try AtomicFile.write(resources, to: FilePath(file))
        try command(
            container, ["update", "--resources", file, id],
            { result in
                unlink(file)
                reply(result)
            })
    }

    /// Runs a command of the runtime and answers with what `encode` makes of the JSON that it prints.
    private func query(
        _ container: Container, _ arguments: [String], _ reply: @escaping Reply,
        encode: @escaping (JSONValue) -> [UInt8]
    ) throws {
        try runtime.run(container.settings, bundle: container.bundle, arguments) { outcome in
            guard outcome.exitCode == 0 else {
                return reply(.failure(TaskService.error(outcome, of: container)))
            }
            guard let document = JSONValue(outcome.output) else {
                let text = String(decoding: outcome.output.prefix(200), as: UTF8.self)
                return reply(
                    .failure(TTRPCError(.unknown, "runtime \(arguments[0]) printed no JSON: \"\(text)\": unknown")))
            }
            reply(.success(encode(document)))
        }
    }

    /// Runs a command of the runtime that answers nothing.
    private func command(
        _ container: Container, _ arguments: [String], _ reply: @escaping Reply, _ done: @escaping () -> Void = {}
    ) throws {
        try runtime.run(container.settings, bundle: container.bundle, arguments) { outcome in
            guard outcome.exitCode == 0 else {
                return reply(.failure(TaskService.error(outcome, of: container)))
            }
            done()
            reply(.success(TaskService.empty))
        }
    }

    private static func error(_ outcome: RuntimeCommand.Outcome, of container: Container) -> TTRPCError {
        if container.main.state == .stopped {
            return TTRPCError(.notFound, "process already finished: not found")
        }
        return TTRPCError(.unknown, "\(outcome.message): unknown")
    }

    private static func status(
        _ process: ContainerProcess, of container: Container
    ) -> Containerd__V1__Types__Status {
        switch process.state {
        case .creating: CONTAINERD__V1__TYPES__STATUS__UNKNOWN
        case .created, .starting: CONTAINERD__V1__TYPES__STATUS__CREATED
        case .running:
            container.isPaused ? CONTAINERD__V1__TYPES__STATUS__PAUSED : CONTAINERD__V1__TYPES__STATUS__RUNNING
        case .stopped: CONTAINERD__V1__TYPES__STATUS__STOPPED
        }
    }
}
