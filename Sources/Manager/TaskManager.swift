import Archive
import ContainerdAPI
import Foundation
import Glibc
import Host
import Logging
import Metadata
import RPC
import SwiftProtobuf
import SystemPackage
import TTRPCClient

/// The shims that run, and how they come and go. Nothing about a task is kept here: its shim is asked every time.
actor TaskManager {
    /// A task's name.
    struct Key: Hashable, Sendable {
        var namespace: String
        var id: String
    }

    /// What a key stands for.
    private enum Entry {
        /// Being created: nobody else may.
        case creating
        /// A shim that was running when the manager started; whether it still is will be known when this ends.
        case reconnecting(Task<Shim?, Never>)
        case running(Shim)
    }

    private let configuration: ManagerConfiguration
    /// How long shims may take.
    nonisolated var timeouts: ShimTimeouts { configuration.timeouts }
    private let metadata: MetadataStore
    private let events: EventExchange
    private let log: Logger
    /// Each cleaning up runs programs: after a crash of everything, hundreds at once would starve all others.
    private let cleaning = Gate(limit: 8)
    private var entries: [Key: Entry] = [:]

    init(configuration: ManagerConfiguration, metadata: MetadataStore, events: EventExchange, log: Logger) {
        self.configuration = configuration
        self.metadata = metadata
        self.events = events
        self.log = log
    }

    // MARK: Finding

    /// The shim of a task.
    ///
    /// - Throws: `RPCError` (not found), with containerd's words.
    func shim(_ id: String, in namespace: String) async throws -> Shim {
        guard let shim = await running(Key(namespace: namespace, id: id)) else {
            throw RPCError(.notFound, "task \(id) not found")
        }
        return shim
    }

    /// All shims of a namespace, by id.
    func shims(in namespace: String) async -> [Shim] {
        var result: [Shim] = []
        for key in entries.keys.filter({ $0.namespace == namespace }).sorted(by: { $0.id < $1.id }) {
            if let shim = await running(key) { result.append(shim) }
        }
        return result
    }

    /// The shims of all namespaces that are connected.
    func shims() -> [Shim] {
        entries.values.compactMap { entry in
            if case .running(let shim) = entry { shim } else { nil }
        }.sorted { ($0.bundle.namespace, $0.bundle.id) < ($1.bundle.namespace, $1.bundle.id) }
    }

    private func running(_ key: Key) async -> Shim? {
        switch entries[key] {
        case .running(let shim): shim
        case .reconnecting(let task): await task.value
        case .creating, nil: nil
        }
    }

    // MARK: Creating

    /// Makes the bundle of `container`, starts its shim, and lets it create the task.
    ///
    /// - Throws: `RPCError`: already exists; not found for a runtime that is not installed; the shim's own. Nothing
    ///   is left then.
    func create(
        _ container: Container, request: Containerd_Services_Tasks_V1_CreateTaskRequest, in namespace: String
    ) async throws -> UInt32 {
        let key = Key(namespace: namespace, id: container.id)
        if await running(key) != nil || entries[key] != nil { throw RPCError.alreadyExists("task \(container.id)") }
        entries[key] = .creating
        do {
            // Not given up half way when the client goes: what was begun is finished, and then taken back. What hangs is
            // taken back as it is.
            let work = Task { try await launch(container, request, namespace) }
            let (shim, pid) = try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                Task {
                    try? await Task.sleep(for: timeouts.cleanup)
                    work.cancel()
                }
            }
            if Task.isCancelled {
                await discard(shim)
                throw CancellationError()
            }
            entries[key] = .running(shim)
            watch(shim, key)
            return pid
        } catch {
            entries[key] = nil
            throw error
        }
    }

    private nonisolated func launch(
        _ container: Container, _ request: Containerd_Services_Tasks_V1_CreateTaskRequest, _ namespace: String
    ) async throws -> (Shim, UInt32) {
        let runtime = request.runtimePath.isEmpty ? container.runtime.name : request.runtimePath
        let binary: FilePath
        do {
            binary = try RuntimeName.resolve(runtime)
        } catch let error as RPCError {
            throw RPCError(error.code, "failed to start shim: \(error.message)")
        }
        let bundle = Bundle(namespace: namespace, id: container.id, configuration: configuration)
        let launcher = ShimLauncher(
            binary: binary, bundle: bundle, configuration: configuration, isDebug: log.logLevel <= .debug)
        let options =
            request.hasOptions ? request.options : container.runtime.hasOptions ? container.runtime.options : nil
        try bundle.create(specification: container.spec.value)
        let shim: Shim
        do {
            try bundle.write("shim-binary-path", Data(binary.string.utf8))
            let shimLog = try ShimLog(bundle.log, log: logger(bundle))
            do {
                let address = try await BlockingWork.run {
                    let address = try launcher.start(options: options)
                    // Shims write it too; without it a restarted manager would not find them.
                    if bundle.read("address") == nil { try bundle.write("address", Data(address.utf8)) }
                    return address
                }
                shim = Shim(
                    bundle: bundle, binary: binary, address: address, log: shimLog,
                    connection: try TTRPCConnection.connect(to: address))
            } catch {
                _ = try? await BlockingWork.run { try launcher.delete() }
                throw error
            }
        } catch {
            try? bundle.remove()
            let failure =
                error as? RPCError ?? (error as? any RPCErrorConvertible)?.rpcError ?? RPCError(.unknown, "\(error)")
            throw RPCError(failure.code, "failed to start shim: \(failure.message)")
        }
        do {
            var message = Containerd_Task_V2_CreateTaskRequest()
            message.id = container.id
            message.bundle = bundle.path.string
            message.rootfs = request.rootfs
            message.terminal = request.terminal
            message.stdin = request.stdin
            message.stdout = request.stdout
            message.stderr = request.stderr
            if let options { message.options = options }
            let response = try await shim.call(TaskV2Service.create, message)
            shim.pid = response.pid
            return (shim, response.pid)
        } catch {
            await discard(shim, isHalfMade: Task.isCancelled)
            let failure =
                error is ShimLost
                ? RPCError(.unavailable, "the shim died: ttrpc: closed")
                : error as? RPCError ?? RPCError(.unknown, "\(error)")
            throw RPCError(failure.code, "failed to create shim task: \(failure.message)")
        }
    }

    /// Ends a shim whose task could not be created, or is not wanted any more, whatever state it is in.
    ///
    /// - Parameter isHalfMade: whether the shim still is at creating the task, and will be so for ever.
    private nonisolated func discard(_ shim: Shim, isHalfMade: Bool = false) async {
        shim.isLeaving = true
        // Even when the caller has gone away, what was started is ended.
        await Task {
            var delete = Containerd_Task_V2_DeleteRequest()
            delete.id = shim.bundle.id
            do {
                _ = try await shim.call(TaskV2Service.delete, delete, timeout: timeouts.cleanup)
            } catch let error as RPCError where error.code == .deadlineExceeded || isHalfMade {
                await end(shim)
            } catch let error as RPCError where error.code != .notFound {
                var kill = Containerd_Task_V2_KillRequest()
                kill.id = shim.bundle.id
                kill.signal = UInt32(SIGKILL)
                kill.all = true
                _ = try? await shim.call(TaskV2Service.kill, kill, timeout: timeouts.cleanup)
                var wait = Containerd_Task_V2_WaitRequest()
                wait.id = shim.bundle.id
                _ = try? await shim.call(TaskV2Service.wait, wait, timeout: timeouts.cleanup)
                _ = try? await shim.call(TaskV2Service.delete, delete, timeout: timeouts.cleanup)
            } catch {}
            await shutDown(shim, force: true)
            _ = try? await BlockingWork.run { [configuration] in
                try ShimLauncher(binary: shim.binary, bundle: shim.bundle, configuration: configuration).delete()
            }
            try? await BlockingWork.run { try shim.bundle.remove() }
        }.value
    }

    /// Kills a shim that does not answer, or what it is at does not end; what it has started goes with it, or is found by its
    /// program's `delete`.
    private nonisolated func end(_ shim: Shim) async {
        if await isShared(shim) { return }
        logger(shim.bundle).warning("the shim is stuck at creating the task, ending it")
        let pids = (try? await BlockingWork.run { shim.bundle.shims() }) ?? []
        for pid in pids { kill(pid, SIGKILL) }
    }

    /// Tells a shim to go, and waits for that unless it has other tasks to look after.
    ///
    /// - Parameter force: kills a shim that does not go.
    private nonisolated func shutDown(_ shim: Shim, force: Bool = false) async {
        var connect = Containerd_Task_V2_ConnectRequest()
        connect.id = shim.bundle.id
        let isShared = await isShared(shim)
        let pid =
            isShared || !force
            ? nil
            : try? await shim.call(TaskV2Service.connect, connect, timeout: timeouts.shutdown).shimPid
        var shutdown = Containerd_Task_V2_ShutdownRequest()
        shutdown.id = shim.bundle.id
        shutdown.now = force && !isShared
        _ = try? await shim.call(TaskV2Service.shutdown, shutdown, timeout: timeouts.shutdown)
        if !isShared {
            // It goes when it has told its last events.
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await shim.waitUntilLost() }
                group.addTask { try? await Task.sleep(for: self.timeouts.shutdown) }
                await group.next()
                group.cancelAll()
            }
            // While the connection holds, the process is there, and its number is nobody else's.
            if let pid, pid > 1, !shim.isLost { kill(pid_t(pid), SIGKILL) }
        }
        shim.close()
    }

    /// Whether the shim looks after other tasks too, as the shims of pods do.
    private func isShared(_ shim: Shim) -> Bool {
        entries.values.contains { entry in
            if case .running(let other) = entry { other !== shim && other.address == shim.address } else { false }
        }
    }

    // MARK: Deleting

    /// Deletes a task that has ended, its shim and its bundle.
    func delete(_ id: String, in namespace: String) async throws -> Containerd_Task_V2_DeleteResponse {
        let key = Key(namespace: namespace, id: id)
        let shim = try await shim(id, in: namespace)
        var request = Containerd_Task_V2_DeleteRequest()
        request.id = id
        let response: Containerd_Task_V2_DeleteResponse
        do {
            response = try await shim.call(TaskV2Service.delete, request)
        } catch is ShimLost {
            // The shim died: what it left is cleared away by the one who watches it.
            let exit = await shim.exit()
            var response = Containerd_Task_V2_DeleteResponse()
            response.pid = exit.pid
            response.exitStatus = exit.status
            response.exitedAt = exit.at
            return response
        }
        shim.isLeaving = true
        // From here on the task is gone, whatever becomes of the caller.
        await Task {
            await shutDown(shim)
            try? await BlockingWork.run { try shim.bundle.remove() }
        }.value
        if case .running(let current) = entries[key], current === shim { entries[key] = nil }
        return response
    }

    // MARK: Watching

    /// Waits until the shim is gone, and clears away what it left if it was not told to go.
    private func watch(_ shim: Shim, _ key: Key) {
        Task {
            await shim.waitUntilLost()
            guard !shim.isLeaving else { return }
            logger(shim.bundle).warning("shim disconnected, cleaning up after it")
            await cleanUp(shim.bundle, binary: shim.binary, pid: shim.pid) { shim.ended($0) }
            if case .running(let current) = entries[key], current === shim { entries[key] = nil }
        }
    }

    /// Clears away what a dead shim left: its processes and files, by its own program, then the bundle.
    private nonisolated func cleanUp(
        _ bundle: Bundle, binary: FilePath?, pid: UInt32, ended: @Sendable (Shim.Exit) -> Void = { _ in }
    ) async {
        var exit = Shim.Exit(pid: pid, status: 137, at: .now)
        let log = logger(bundle)
        await cleaning.enter()
        defer { cleaning.leave() }
        if let binary {
            let launcher = ShimLauncher(binary: binary, bundle: bundle, configuration: configuration)
            do {
                let response = try await BlockingWork.run { try launcher.delete() }
                if response.pid != 0 { exit.pid = response.pid }
                exit.status = response.exitStatus
                if response.hasExitedAt { exit.at = response.exitedAt }
            } catch {
                log.error("cleaning up after dead shim failed", metadata: ["error": "\(error)"])
            }
        }
        publishExit(bundle, exit)
        do {
            try await BlockingWork.run { try bundle.remove() }
        } catch {
            log.error("removing bundle failed", metadata: ["error": "\(error)"])
        }
        ended(exit)
    }

    private nonisolated func publishExit(_ bundle: Bundle, _ exit: Shim.Exit) {
        var exited = Containerd_Events_TaskExit()
        exited.containerID = bundle.id
        exited.id = bundle.id
        exited.pid = exit.pid
        exited.exitStatus = exit.status
        exited.exitedAt = exit.at
        events.publish(exited, topic: "/tasks/exit", in: bundle.namespace)
        var deleted = Containerd_Events_TaskDelete()
        deleted.containerID = bundle.id
        deleted.pid = exit.pid
        deleted.exitStatus = exit.status
        deleted.exitedAt = exit.at
        events.publish(deleted, topic: "/tasks/delete", in: bundle.namespace)
    }

    // MARK: Restarting

    /// Takes up the bundles that an earlier manager left: shims that live are connected to, dead ones cleared away.
    ///
    /// Returns at once; who asks for a task meanwhile waits for that one.
    func restore() {
        Bundle.removeLeftovers(configuration)
        for bundle in Bundle.all(configuration) {
            let key = Key(namespace: bundle.namespace, id: bundle.id)
            entries[key] = .reconnecting(
                Task {
                    let shim = await reconnect(bundle)
                    if let shim {
                        entries[key] = .running(shim)
                        watch(shim, key)
                    } else {
                        entries[key] = nil
                    }
                    return shim
                })
        }
    }

    private nonisolated func reconnect(_ bundle: Bundle) async -> Shim? {
        let binary = bundle.read("shim-binary-path").map { FilePath($0) }
        if let binary, let answer = bundle.read("address"), let address = try? ShimLauncher.address(answer),
            let connection = try? TTRPCConnection.connect(to: address)
        {
            let shim = Shim(
                bundle: bundle, binary: binary, address: address, log: try? ShimLog(bundle.log, log: logger(bundle)),
                connection: connection)
            var request = Containerd_Task_V2_ConnectRequest()
            request.id = bundle.id
            do {
                let response = try await shim.call(TaskV2Service.connect, request, timeout: timeouts.load)
                shim.pid = response.taskPid
                if response.taskPid == 0 {
                    // Connect answers without a task too.
                    var query = Containerd_Task_V2_StateRequest()
                    query.id = bundle.id
                    _ = try await shim.call(TaskV2Service.state, query, timeout: timeouts.load)
                }
                return shim
            } catch let error as RPCError where error.code == .deadlineExceeded {
                // It lives, but is slow; it will be asked again when somebody needs to know.
                return shim
            } catch {
                // A shim without its task was being created or deleted when the manager died.
                await discard(shim)
                return nil
            }
        }
        logger(bundle).warning("cleaning up after dead shim")
        await cleanUp(bundle, binary: binary, pid: 0)
        return nil
    }

    private nonisolated func logger(_ bundle: Bundle) -> Logger {
        var logger = log
        logger[metadataKey: "namespace"] = "\(bundle.namespace)"
        logger[metadataKey: "id"] = "\(bundle.id)"
        return logger
    }
}
